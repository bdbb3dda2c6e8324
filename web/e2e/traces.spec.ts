import type { Page } from '@playwright/test';
import { newTraceId, otlpTrace, sendTrace } from './otlp';
import { expect, search, test } from './page';
import { order, unique } from './shop';

const list = (page: Page) => page.getByRole('region', { name: 'Traces' });
const rows = (page: Page) => page.getByRole('treegrid', { name: 'Spans' });
const findings = (page: Page) => page.getByRole('complementary', { name: 'Findings' });
const box = (page: Page) => page.getByRole('textbox', { name: 'Search traces' });

test('a trace that was sent is found, and opens', async ({ page }) => {
  const [shop, pay] = [unique('shop'), unique('pay')];
  const id = await sendTrace(page, order(shop, pay, 'card declined'));
  await page.goto(`/traces?from=now-15m&to=now`);
  await box(page).fill(`service:${shop} status:error`);
  await page.keyboard.press('Enter');
  await expect.poll(() => search(page).get('q')).toBe(`service:${shop} status:error`);
  const row = list(page).getByRole('row').filter({ hasText: 'POST /order' });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('400 ms');
  await expect(row).toContainText('16');
  await expect(row).toContainText(pay);
  await expect(page.getByTestId('scatter').locator('circle')).toHaveCount(1);
  await row.getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/traces/${id}`));
  await expect(rows(page)).toContainText('POST /order');
});

test('a dot of the plot opens its trace, a drag chooses a time', async ({ page }) => {
  const shop = unique('shop');
  const id = await sendTrace(page, order(shop, unique('pay')));
  await page.goto(`/traces?service=${shop}&from=now-15m&to=now`);
  const dot = page.getByTestId('scatter').locator('circle').first();
  await expect(dot).toBeVisible();
  const at = await dot.boundingBox();
  const area = await page.getByTestId('scatter').boundingBox();
  if (at === null || area === null) throw new Error('no plot');
  await page.mouse.move(area.x + area.width / 2, area.y + 20);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width - 20, area.y + 60, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => search(page).get('from')).toMatch(/^\d{13}$/);
  await page.goto(`/traces?service=${shop}&from=now-15m&to=now`);
  await page.getByTestId('scatter').locator('circle').first().click();
  await expect(page).toHaveURL(new RegExp(`/traces/${id}`));
});

test('filters are in the address', async ({ page }) => {
  const shop = unique('shop');
  await sendTrace(page, order(shop, unique('pay'), 'declined'));
  await sendTrace(page, { service: shop, name: 'GET /fast', from: 0, to: 5, kind: 'server' });
  await page.goto(`/traces?service=${shop}&from=now-15m&to=now`);
  await expect(list(page).getByRole('row').filter({ hasText: shop })).toHaveCount(2);
  // The Tab key stops at one of the rows.
  await expect(list(page).locator('[data-row] a[tabindex="0"]')).toHaveCount(1);
  await page.getByRole('button', { name: 'With errors' }).click();
  await expect.poll(() => search(page).get('errors')).toBe('1');
  await expect(list(page).getByRole('row').filter({ hasText: shop })).toHaveCount(1);
  await page.getByRole('button', { name: 'With errors' }).click();
  await page.getByLabel('Longest duration').fill('100ms');
  await page.keyboard.press('Enter');
  await expect.poll(() => search(page).get('max')).toBe('100ms');
  await expect(list(page)).toContainText('GET /fast');
  await expect(list(page)).not.toContainText('POST /order');
  await page.getByLabel('Shortest duration').fill('fast');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('no duration');
});

test('a fault in a search is shown at its place', async ({ page }) => {
  await page.goto('/traces?from=now-15m&to=now');
  await box(page).fill('service:(a or');
  await page.keyboard.press('Enter');
  const fault = page.getByRole('search').getByRole('alert');
  await expect(fault).toContainText(/Column \d+/);
  // Of what was typed, not of what is asked with the filters.
  const column = Number(/Column (\d+)/.exec((await fault.textContent()) ?? '')?.[1]);
  expect(column).toBeLessThanOrEqual('service:(a or'.length + 1);
});

test('nothing found is said, and undone', async ({ page }) => {
  await sendTrace(page, order(unique('shop'), unique('pay')));
  await page.goto(`/traces?q=service:${unique('nobody')}&from=now-15m&to=now`);
  await expect(list(page)).toContainText('No trace is found');
  await list(page).getByRole('button', { name: 'Show all traces' }).click();
  await expect.poll(() => search(page).get('q')).toBeNull();
  await expect(list(page)).toContainText('POST /order');
  await expect(list(page)).not.toContainText('/api/pharos/');
});

test('what Pharos does itself is shown when asked for', async ({ page }) => {
  await sendTrace(page, order(unique('shop'), unique('pay')));
  await page.goto('/traces?from=now-15m&to=now');
  await expect(list(page)).not.toContainText('/api/pharos/');
  await list(page).getByRole('button', { name: 'Show Pharos’s own' }).click();
  await expect.poll(() => search(page).get('own')).toBe('1');
  await expect(list(page)).toContainText('/api/pharos/');
  await list(page).getByRole('button', { name: 'Leave out Pharos’s own' }).click();
  await expect(list(page)).not.toContainText('/api/pharos/');
});

test('what stands out is said and shown', async ({ page }) => {
  const id = await sendTrace(page, order(unique('shop'), unique('pay'), 'card declined'));
  await page.goto(`/traces/${id}`);
  await page.getByRole('button', { name: /^Findings/ }).click();
  await expect(findings(page)).toContainText('The first error is in');
  await expect(findings(page)).toContainText('card declined');
  const loop = findings(page).getByRole('button').filter({ hasText: 'queries of one shape' });
  await expect(loop).toContainText('SELECT * FROM items WHERE id = ?');
  await loop.click();
  await expect(rows(page).locator('[data-dim]')).toHaveCount(4);
});

test('log lines lie below the span that wrote them', async ({ page }) => {
  const shop = unique('shop');
  const id = await sendTrace(page, order(shop, unique('pay')), [
    { service: shop, body: 'order 42 received', severity: 9, at: 3 },
    { service: shop, body: 'no stock left', severity: 17, at: 300 },
  ]);
  await page.goto(`/traces/${id}`);
  await page.getByRole('button', { name: /^Logs/ }).click();
  await expect(rows(page)).toContainText('order 42 received');
  await expect(rows(page)).toContainText('no stock left');
  await page.getByRole('link', { name: 'Its lines on the page of logs' }).click();
  await expect.poll(() => search(page).get('q')).toBe(`trace_id:${id}`);
  await expect(page.getByRole('region', { name: 'Logs' })).toContainText('no stock left');
});

test('the other views show the same trace', async ({ page }) => {
  const [shop, pay] = [unique('shop'), unique('pay')];
  const id = await sendTrace(page, order(shop, pay));
  await page.goto(`/traces/${id}`);
  await page.getByRole('radio', { name: 'Flame graph' }).click();
  await expect.poll(() => search(page).get('view')).toBe('flame');
  await expect(page.getByTestId('flame')).toHaveAttribute('data-boxes', '16');
  await page.getByRole('radio', { name: 'Spans' }).click();
  await expect(page.getByTestId('span-table').getByRole('row').nth(1)).toContainText('POST /order');
  await page.getByRole('radio', { name: 'By service' }).click();
  await expect(page.getByTestId('group-table')).toContainText(pay);
  await page.getByRole('radio', { name: 'Timeline' }).click();
  await page.getByRole('button', { name: 'Critical path' }).click();
  await expect(page.getByRole('button', { name: 'Critical path' })).toHaveAttribute('aria-pressed', 'true');
});

test('a piece of time is looked at alone', async ({ page }) => {
  const id = await sendTrace(page, order(unique('shop'), unique('pay')));
  await page.goto(`/traces/${id}`);
  const map = page.getByTestId('minimap');
  await expect(map).toBeVisible();
  const area = await map.boundingBox();
  if (area === null) throw new Error('no minimap');
  await page.mouse.move(area.x + area.width * 0.25, area.y + 20);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width * 0.75, area.y + 20, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => search(page).get('zoom')).toMatch(/^\d+-\d+$/);
  await expect(page.getByRole('button', { name: /200 ms of 400 ms shown/ })).toBeVisible();
  await page.keyboard.press('0');
  await expect.poll(() => search(page).get('zoom')).toBeNull();
});

test('two traces are compared', async ({ page }) => {
  const [shop, pay] = [unique('shop'), unique('pay')];
  const before = await sendTrace(page, order(shop, pay));
  const slower = order(shop, pay);
  slower.to = 900;
  slower.children?.push({ service: shop, name: 'send mail', from: 400, to: 880 });
  const after = await sendTrace(page, slower);
  await page.goto(`/traces/${before}?view=compare`);
  await page.getByRole('region', { name: 'Of the same operation' }).getByRole('button').click();
  await expect.poll(() => search(page).get('with')).toBe(after);
  const table = page.getByTestId('compare-table');
  await expect(table.getByRole('row').filter({ hasText: 'send mail' })).toContainText('Only in B');
  await expect(table.getByRole('row').filter({ hasText: 'POST /order' })).toContainText('Slower');
  await page.getByRole('button', { name: /^Only in B/ }).click();
  await expect(table.getByRole('row')).toHaveCount(2);
});

test('a trace from a file is opened without the server', async ({ page }) => {
  const traceId = newTraceId();
  const { document } = otlpTrace(order('filed-shop', 'filed-pay'), { traceId, start: Date.now() });
  await page.goto('/traces');
  await page.getByRole('button', { name: 'Open a file' }).click();
  await page.getByLabel('Trace file').setInputFiles({
    name: 'trace.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(document)),
  });
  await expect(page).toHaveURL(new RegExp(`/traces/${traceId}`));
  await expect(rows(page)).toContainText('filed-pay');
  await expect(page.getByText('from a file')).toBeVisible();
});

test('a file that is no trace is said to be none', async ({ page }) => {
  await page.goto('/traces');
  await page.getByRole('button', { name: 'Open a file' }).click();
  await page.getByLabel('Trace as JSON').fill('{"a": 1}');
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('no spans');
});

test('a trace that is not there is said', async ({ page }) => {
  await page.goto(`/traces/${newTraceId()}`);
  await expect(page.getByText('This trace is not here')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Look again' })).toBeVisible();
  await page.keyboard.press('u');
  await expect(page).toHaveURL(/\/traces$/);
  await page.goto('/traces/no-id');
  await expect(page.getByText('This is no id of a trace')).toBeVisible();
  await page.getByRole('link', { name: 'To the traces' }).click();
  await expect(page).toHaveURL(/\/traces$/);
});

test('clocks that are apart are said, and aligned for whoever asks', async ({ page }) => {
  const [shop, bank] = [unique('shop'), unique('bank')];
  const id = await sendTrace(page, {
    service: shop,
    name: 'POST /order',
    from: 0,
    to: 60,
    kind: 'server',
    children: [
      {
        service: shop,
        name: 'charge',
        from: 5,
        to: 55,
        kind: 'client',
        children: [{ service: bank, name: 'Charge', from: -20, to: 20, kind: 'server' }],
      },
    ],
  });
  await page.goto(`/traces/${id}`);
  const facts = page.getByRole('definition');
  await expect(facts.first()).toHaveText('80 ms');
  await page.getByRole('button', { name: 'Align clocks' }).click();
  await expect(facts.first()).toHaveText('60 ms');
  await expect.poll(() => search(page).get('clocks')).toBe('aligned');
  await page.getByRole('button', { name: /^Findings/ }).click();
  await expect(findings(page)).toContainText('Clocks');
  await page.getByRole('button', { name: 'Clocks aligned' }).click();
  await expect(facts.first()).toHaveText('80 ms');
});

test('links of Jaeger lead here', async ({ page }) => {
  const id = await sendTrace(page, order(unique('shop'), unique('pay')));
  await page.goto(`/trace/${id}`);
  await expect(page).toHaveURL(new RegExp(`/traces/${id}`));
  await expect(rows(page)).toContainText('POST /order');
});
