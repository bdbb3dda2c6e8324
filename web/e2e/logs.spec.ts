import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { sendLines, type SentLine } from './logLines';
import { newTraceId, sendTrace } from './otlp';
import { expect, search, test } from './page';

/** A name of its own for each test: the server keeps what the others sent. */
const unique = (name: string): string => `${name}-${newTraceId().slice(0, 8)}`;

const LINES: SentLine[] = [
  { body: 'order 17 received', severity: 9, ago: 50_000, attributes: { 'http.route': '/order', 'user.id': 7 } },
  { body: 'order 18 received', severity: 9, ago: 40_000, attributes: { 'http.route': '/order', 'user.id': 8 } },
  { body: 'slow answer of the bank', severity: 13, ago: 30_000, attributes: { 'http.route': '/pay', 'user.id': 7 } },
  { body: 'connection reset by the bank', severity: 17, ago: 20_000, attributes: { 'http.route': '/pay' } },
];

const RANGE = 'from=now-15m&to=now';
const rows = (page: Page) => page.getByTestId('log-lines').locator('[aria-expanded]');
const box = (page: Page) => page.getByRole('textbox', { name: 'Search logs' });
const fields = (page: Page) => page.getByRole('complementary', { name: 'Fields' });

async function open(page: Page, service: string, more = ''): Promise<void> {
  await page.goto(`/logs?q=${encodeURIComponent(`service:${service}`)}&${RANGE}${more}`);
}

test('lines that were sent are found, the newest first, with their words marked', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop);
  await expect(rows(page)).toHaveCount(4);
  await expect(rows(page).first()).toContainText('connection reset by the bank');
  await expect(rows(page).first()).toContainText('ERROR');
  await expect(page.getByTestId('log-count')).toContainText('4 lines');
  await box(page).fill(`service:${shop} reset`);
  await page.keyboard.press('Enter');
  await expect.poll(() => search(page).get('q')).toBe(`service:${shop} reset`);
  await expect(rows(page)).toHaveCount(1);
  await expect(page.locator('mark')).toHaveText(['reset']);
});

test('a severity is chosen in the legend', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop);
  await expect(page.getByTestId('volume').locator('rect').first()).toBeVisible();
  await page.getByRole('group', { name: 'Severity' }).getByRole('button', { name: /^warn/ }).click();
  await expect.poll(() => search(page).get('q')).toBe(`service:${shop} severity:warn`);
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole('group', { name: 'Severity' }).getByRole('button', { name: /^warn/ }).click();
  await expect(rows(page)).toHaveCount(4);
});

test('a piece of time is chosen in the volume', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop);
  const area = await page.getByTestId('volume').boundingBox();
  if (area === null) throw new Error('no volume');
  await page.mouse.move(area.x + area.width / 2, area.y + 30);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width - 20, area.y + 30, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => search(page).get('from')).toMatch(/^\d{13}$/);
  await expect(rows(page)).toHaveCount(4);
});

test('a line shows its fields, each to filter by', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop);
  await rows(page).filter({ hasText: 'slow answer' }).click();
  const detail = page.getByTestId('log-detail');
  await expect(detail).toContainText('http.route');
  await expect(detail.getByRole('region', { name: 'Line' })).toContainText(`${shop}-1`);
  await detail.getByRole('button', { name: 'Only lines with user.id:7' }).click();
  await expect.poll(() => search(page).get('q')).toBe(`service:${shop} user.id:7`);
  await expect(rows(page)).toHaveCount(2);
  await rows(page).filter({ hasText: 'slow answer' }).click();
  await page.getByRole('button', { name: 'Only lines without http.route:"/pay"' }).click();
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page)).toContainText('order 17 received');
});

test('keys walk through lines, open and close them', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop);
  await expect(rows(page)).toHaveCount(4);
  for (const key of ['j', 'j', 'k', 'Enter']) await page.keyboard.press(key);
  await expect(page.getByTestId('log-detail')).toContainText('connection reset by the bank');
  await page.getByTestId('log-detail').getByRole('radio', { name: 'JSON' }).click();
  await expect(page.getByTestId('log-detail')).toContainText('"severity": 17');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('log-detail')).toHaveCount(0);
  await page.keyboard.press('w');
  await expect(page.getByRole('button', { name: 'Wrap lines' })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('/');
  await expect(box(page)).toBeFocused();
});

test('fields have their commonest values', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop);
  await fields(page).getByLabel('Find a field').fill('route');
  await fields(page).getByRole('button', { name: 'http.route', exact: false }).first().click();
  await fields(page).getByTitle('Only /order').click();
  await expect.poll(() => search(page).get('q')).toBe(`service:${shop} http.route:"/order"`);
  await expect(rows(page)).toHaveCount(2);
});

test('more lines come while scrolling', async ({ page }) => {
  const shop = unique('shop');
  const many = Array.from({ length: 450 }, (_, i) => ({ body: `line number ${i}`, severity: 9, ago: 60_000 - i }));
  await sendLines(page, shop, many);
  await open(page, shop);
  await expect(rows(page).first()).toContainText('line number 449');
  const list = page.getByTestId('log-lines');
  await expect(async () => {
    await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await expect(page.getByText('line number 0', { exact: true })).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(page.getByText('These are all lines')).toBeVisible();
});

test('a line leads to its trace, and a span to its lines', async ({ page }) => {
  const shop = unique('shop');
  const id = await sendTrace(page, { service: shop, name: 'GET /cart', from: 0, to: 40, kind: 'server' }, [
    { service: shop, body: 'cart is empty', severity: 13, at: 10 },
  ]);
  await open(page, shop);
  await rows(page).first().click();
  await page.getByRole('link', { name: 'Trace, at its span' }).click();
  await expect(page).toHaveURL(new RegExp(`/traces/${id}\\?.*span=`));
  await page.getByTestId('span-detail').getByRole('link', { name: 'Logs of this span' }).click();
  await expect(page).toHaveURL(/\/logs\?.*q=span_id/);
  await expect(rows(page)).toContainText(['cart is empty']);
});

test('lines around a line are those of its service', async ({ page }) => {
  const [shop, other] = [unique('shop'), unique('other')];
  await sendLines(page, shop, LINES);
  await sendLines(page, other, LINES);
  await open(page, shop);
  await rows(page).filter({ hasText: 'slow answer' }).click();
  await page.getByRole('button', { name: 'Lines around it' }).click();
  const drawer = page.getByRole('dialog');
  await expect(drawer.getByTestId('context-line')).toContainText('slow answer');
  await expect(drawer.locator('[aria-expanded]')).toHaveCount(4);
  await expect.poll(() => search(page).get('context')).toMatch(/^l[0-9a-f]+$/);
  await page.reload();
  await expect(page.getByRole('dialog').getByTestId('context-line')).toContainText('slow answer');
  // One press closes the drawer alone; the line below it stays open, and going back does not open it again.
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.getByTestId('log-detail')).toContainText('http.route');
  await page.goBack();
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('a line that was open is open when one comes back from its trace', async ({ page }) => {
  const shop = unique('shop');
  await sendTrace(page, { service: shop, name: 'GET /cart', from: 0, to: 40, kind: 'server' }, [
    { service: shop, body: 'cart is empty', severity: 13, at: 10 },
  ]);
  await open(page, shop);
  await rows(page).first().click();
  await expect.poll(() => search(page).get('line')).toMatch(/^l[0-9a-f]+$/);
  await page.getByRole('link', { name: 'Trace, at its span' }).click();
  await expect(page).toHaveURL(/\/traces\//);
  await page.goBack();
  await expect(page.getByTestId('log-detail')).toContainText('cart is empty');
  await rows(page).first().click();
  await expect.poll(() => search(page).get('line')).toBeNull();
});

test('patterns tell what lines have in common', async ({ page }) => {
  const shop = unique('shop');
  const many = Array.from({ length: 30 }, (_, i) => ({
    body: `item ${i * 7} was packed`,
    severity: 9,
    ago: 60_000 - i,
  }));
  await sendLines(page, shop, [...many, ...LINES]);
  await open(page, shop, '&view=patterns');
  const table = page.getByRole('table', { name: 'Patterns' });
  const packed = table.getByRole('row').filter({ hasText: 'was packed' });
  await expect(packed).toHaveCount(1);
  await expect(packed).toContainText('30');
  await packed.getByRole('button').click();
  await page.getByRole('button', { name: 'Show these lines' }).click();
  await expect.poll(() => search(page).get('view')).toBeNull();
  await expect(page.getByTestId('log-count')).toContainText('30 lines');
});

test('lines are grouped into a table', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop, '&view=group&by=http.route&agg=count,error_rate');
  const table = page.getByRole('table', { name: 'Groups' });
  const pay = table.getByRole('row').filter({ hasText: '/pay' });
  await expect(pay).toContainText('2');
  await expect(pay).toContainText('50 %');
  await pay.click();
  await expect.poll(() => search(page).get('q')).toBe(`service:${shop} http.route:"/pay"`);
  await expect(rows(page)).toHaveCount(2);
});

test('what is found is downloaded', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop);
  await expect(rows(page)).toHaveCount(4);
  await page.getByRole('button', { name: 'Download' }).click();
  await expect(page.getByText('All 4 lines found')).toBeVisible();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: /^JSON/ }).click(),
  ]);
  const lines = readFileSync(await file.path(), 'utf8')
    .trimEnd()
    .split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { body: string }).body)).toContain('slow answer of the bank');
  expect(lines).toHaveLength(4);
});

test('a fault in a search is shown at its place', async ({ page }) => {
  await sendLines(page, unique('shop'), LINES);
  await page.goto(`/logs?${RANGE}`);
  await expect(rows(page).first()).toBeVisible();
  await box(page).fill('service:(a or');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('search').getByRole('alert')).toContainText(/Column \d+/);
  // Said once, and what was found before stays.
  await expect(page.getByRole('alert')).toHaveCount(1);
  await expect(rows(page).first()).toBeVisible();
  await page.goto(`/logs?q=${encodeURIComponent('service:(a or')}&${RANGE}`);
  await expect(page.getByText('The search cannot be read')).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(1);
});

test('nothing found is said, and undone', async ({ page }) => {
  await sendLines(page, unique('shop'), LINES);
  await open(page, unique('nobody'));
  await expect(page.getByText('No line is found')).toBeVisible();
  await page.getByRole('button', { name: 'Show all lines' }).click();
  await expect.poll(() => search(page).get('q')).toBeNull();
  await expect(rows(page).first()).toBeVisible();
});
