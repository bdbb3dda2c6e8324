// How log lines are shown: their order, columns, JSON bodies, long texts; and the ways to them.
import type { Locator, Page } from '@playwright/test';
import { sendLines, type SentLine } from './logLines';
import { newTraceId } from './otlp';
import { expect, search, test } from './page';

/** A name of its own for each test: the server keeps what the others sent. */
const unique = (name: string): string => `${name}-${newTraceId().slice(0, 8)}`;

const LINES: SentLine[] = [
  { body: 'order 17 received', severity: 9, ago: 50_000, attributes: { 'http.route': '/order', 'user.id': 7 } },
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

test('lines stand in the order of time when that is asked for', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop);
  await expect(rows(page).first()).toContainText('connection reset');
  await page.getByRole('button', { name: 'Oldest lines first' }).click();
  await expect(rows(page).first()).toContainText('order 17 received');
  await expect.poll(() => search(page).get('dir')).toBe('asc');
});

test('a field becomes a column of the list', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop);
  await fields(page).getByLabel('Find a field').fill('route');
  await fields(page).getByRole('button', { name: 'Column http.route' }).click();
  await expect.poll(() => search(page).get('cols')).toBe('http.route');
  await expect(page.getByTestId('column-heads')).toContainText('http.route');
  const row = rows(page).filter({ hasText: 'slow answer' });
  await expect(row).toContainText('/pay');
  // Each head stands above its cells.
  const left = (one: Locator) => one.evaluate((element) => element.getBoundingClientRect().left);
  const heads = page.getByTestId('column-heads');
  expect(await left(heads.locator(':scope > span', { hasText: 'http.route' }))).toBe(
    await left(row.getByTitle('/pay', { exact: true })),
  );
  await rows(page).filter({ hasText: 'slow answer' }).click();
  await page.getByTestId('log-detail').getByRole('button', { name: 'Column user.id' }).click();
  await expect.poll(() => search(page).get('cols')).toBe('http.route,user.id');
  await page.reload();
  await page.getByRole('button', { name: 'Without column http.route' }).click();
  await expect.poll(() => search(page).get('cols')).toBe('user.id');
  await expect(rows(page).filter({ hasText: 'slow answer' })).not.toContainText('/pay');
});

test('a key of a JSON body is shown and searched for', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, [
    { body: '{"msg":"placed","order":{"id":17}}', severity: 9, ago: 20_000 },
    { body: '{"msg":"placed","order":{"id":18}}', severity: 9, ago: 10_000 },
  ]);
  await open(page, shop);
  await rows(page).first().click();
  const body = page.getByTestId('log-detail').getByRole('region', { name: 'Body' });
  await expect(body).toContainText('order.id');
  await body.getByRole('button', { name: 'Only lines with body.order.id:18' }).click();
  await expect.poll(() => search(page).get('q')).toBe(`service:${shop} body.order.id:18`);
  await expect(rows(page)).toHaveCount(1);
});

test('a field that no line has is said beside an empty list', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop);
  await box(page).fill(`service:${shop} http.rout:x`);
  await page.keyboard.press('Enter');
  await expect(page.getByText('did you mean http.route?')).toBeVisible();
  await expect(page.getByText('No line is found')).toBeVisible();
});

test('the palette searches logs and opens what was searched for', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await page.goto(`/settings/status?${RANGE}`);
  await expect(page.getByTestId('head')).toBeVisible();
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('combobox', { name: /Find a page/ });
  await palette.fill(`service:${shop} bank`);
  await page.getByRole('option', { name: /Search logs/ }).click();
  await expect(page).toHaveURL(/\/logs\?/);
  await expect(rows(page)).toHaveCount(2);
  await box(page).click();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('option', { name: `service:${shop} bank` })).toContainText('Logs');
});

test('a long text is cut in the list, whole in the line', async ({ page }) => {
  const shop = unique('shop');
  const body = `begin ${'abcdefghij '.repeat(9000)}end`;
  await sendLines(page, shop, [{ body, severity: 17, ago: 10_000, attributes: { stack: 'Error: x\n  at f' } }]);
  await open(page, shop);
  await rows(page).first().click();
  const detail = page.getByTestId('log-detail');
  await expect(detail.getByRole('region', { name: 'stack' })).toContainText('at f');
  await detail.getByRole('button', { name: /^Show all/ }).click();
  await expect(detail.locator('pre').first()).toHaveText(body);
});

test('a number of 64 bits keeps its digits', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, [
    { body: '{"id":1234567890123456789}', severity: 9, ago: 10_000, attributes: { 'tweet.id': '1234567890123456789' } },
  ]);
  await open(page, shop);
  await rows(page).first().click();
  await expect(page.getByTestId('log-detail').locator('pre').first()).toContainText('1234567890123456789');
  await page.getByRole('button', { name: 'Only lines with body.id:1234567890123456789' }).click();
  await expect(rows(page)).toHaveCount(1);
});
