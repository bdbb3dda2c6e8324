import { readFile } from 'node:fs/promises';
import { ask, chart, editor, exists, expect, inkOf, search, test } from './page';

const RECENT = 'from=now-5m&to=now';

test('a typed query becomes a line', async ({ page }) => {
  await page.goto(`/explore/metrics?${RECENT}`);
  await ask(page, 'up');
  await expect(chart(page)).not.toHaveAttribute('data-series', '0');
  expect(search(page).get('a')).toBe('up');
  await expect(page.getByTestId('legend')).toContainText('self');
  expect(await inkOf(page)).toBeGreaterThan(200);
});

test('metrics and functions are completed', async ({ page }) => {
  await page.goto(`/explore/metrics?${RECENT}`);
  await editor(page).click();
  await page.keyboard.type('scrape_dur');
  await expect(page.getByRole('option', { name: /scrape_duration_seconds/ })).toBeVisible();
  // The list takes no key in its first 75 ms, so that nobody accepts what they did not see; Enter must not run either.
  await expect(async () => {
    await page.keyboard.press('Enter');
    await expect(editor(page)).toContainText('scrape_duration_seconds', { timeout: 200 });
  }).toPass();
  await expect(editor(page)).toContainText('scrape_duration_seconds');
  expect(search(page).get('a')).toBeNull();
  await page.keyboard.press('Enter');
  await expect.poll(() => search(page).get('a')).toBe('scrape_duration_seconds');
});

test('label values are completed from the server', async ({ page }) => {
  await page.goto(`/explore/metrics?${RECENT}`);
  await editor(page).click();
  await page.keyboard.type('up{job="');
  await expect(page.getByRole('option', { name: 'self' })).toBeVisible();
});

test('dragging zooms, a double click goes back', async ({ page }) => {
  await page.goto(`/explore/metrics?a=up&${RECENT}`);
  const over = chart(page).locator('.u-over');
  const box = await over.boundingBox();
  if (box === null) throw new Error('no graph');
  await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.99, box.y + 60, { steps: 8 });
  await page.mouse.up();
  await expect.poll(() => search(page).get('from')).toMatch(/^\d{13}$/);
  const span = Number(search(page).get('to')) - Number(search(page).get('from'));
  expect(span).toBeGreaterThan(60_000);
  expect(span).toBeLessThan(180_000);
  await over.dblclick();
  await expect.poll(() => search(page).get('from')).toBe('now-5m');
});

test('the legend shows one line alone and all again', async ({ page }) => {
  await page.goto(`/explore/metrics?a=up&${RECENT}`);
  await expect(chart(page)).toHaveAttribute('data-series', '2');
  const dead = page.getByTestId('legend').getByRole('button', { name: /dead/ }).first();
  await dead.click();
  await expect(chart(page)).toHaveAttribute('data-series', '1');
  await dead.click();
  await expect(chart(page)).toHaveAttribute('data-series', '2');
});

test('queries are added, switched off and removed', async ({ page }) => {
  await page.goto(`/explore/metrics?a=up&${RECENT}`);
  await page.getByRole('button', { name: 'Query', exact: true }).click();
  await ask(page, 'scrape_samples_scraped{job="self"}', 'B');
  await expect(chart(page)).toHaveAttribute('data-series', '3');
  await page.getByRole('button', { name: 'Query A on' }).click();
  await expect(chart(page)).toHaveAttribute('data-series', '1');
  expect(search(page).get('off')).toBe('a');
  await page.getByRole('button', { name: 'Remove B' }).click();
  await expect.poll(() => search(page).get('b')).toBeNull();
});

test('lines are stacked by the address', async ({ page }) => {
  await page.goto(`/explore/metrics?a=up&${RECENT}`);
  await page.getByRole('radio', { name: 'Stacked' }).click();
  await expect.poll(() => search(page).get('stack')).toBe('1');
});

test('the table sorts and filters', async ({ page }) => {
  await page.goto(`/explore/metrics?a=up&${RECENT}`);
  await page.getByRole('radio', { name: 'Table' }).click();
  const table = page.getByRole('region', { name: 'Table A' });
  await expect(table).toContainText('2 rows');
  expect(search(page).get('view')).toBe('table');
  await table.getByRole('button', { name: 'value' }).click();
  await expect(table.getByRole('row').nth(1)).toContainText('self');
  await page.getByLabel('Filter rows').fill('job=dead');
  await expect(table).toContainText('1 of 2 rows');
  await expect(table.getByRole('row').nth(1)).toContainText('127.0.0.1:1');
});

test('graphs and tables are saved as CSV', async ({ page }) => {
  await page.goto(`/explore/metrics?a=up&${RECENT}`);
  await expect(chart(page)).toHaveAttribute('data-series', '2');
  const save = async (): Promise<string> => {
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV' }).click();
    return readFile(await (await waiting).path(), 'utf8');
  };
  const graph = await save();
  expect(graph.split('\r\n')[0]).toContain('job=""self""');
  expect(graph.split('\r\n').length).toBeGreaterThan(20);
  await page.getByRole('radio', { name: 'Table' }).click();
  await expect(page.getByRole('region', { name: 'Table A' })).toBeVisible();
  expect((await save()).split('\r\n')[0]).toMatch(/^__name__,.*value,time$/);
});

test('a fault is shown with its place', async ({ page }) => {
  await page.goto(`/explore/metrics?${RECENT}`);
  await ask(page, 'sum(up) bye (job)');
  await expect(page.getByRole('alert').first()).toContainText(/Line 1, column \d+/);
  await expect(page.locator('.cm-server-error')).toHaveCount(1);
  await ask(page, 'sum(up)');
  await expect(chart(page)).toHaveAttribute('data-series', '1');
  await expect(page.locator('.cm-server-error')).toHaveCount(0);
});

test('a fault is told once, over the last result', async ({ page }) => {
  await page.goto(`/explore/metrics?a=up&${RECENT}`);
  await expect(chart(page)).toHaveAttribute('data-series', '2');
  await ask(page, 'up bye');
  await expect(page.getByTestId('stale')).toContainText('The last result, of up');
  await expect(page.getByRole('alert')).toHaveCount(1);
  await expect(chart(page)).toHaveAttribute('data-series', '2');
});

test('a metric that does not exist is named', async ({ page }) => {
  await page.goto(`/explore/metrics?a=rate(nosuch_total[1m])&${RECENT}`);
  await expect(page.getByText('There is no metric nosuch_total')).toBeVisible();
  await page.goto(`/explore/metrics?a=up{job="nobody"}&${RECENT}`);
  await expect(page.getByText('No samples in this time range')).toBeVisible();
});

test('a third unit has a graph of its own', async ({ page }) => {
  await page.goto(`/explore/metrics?a=up&b=scrape_duration_seconds&c=process_resident_memory_bytes&${RECENT}`);
  await expect(chart(page)).toHaveCount(2);
  await expect(page.getByTestId('legend')).toContainText('lower graph');
  await page.getByRole('button', { name: 'Query B on' }).click();
  await expect(chart(page)).toHaveCount(1);
});

test('the legend is sorted by name and by number', async ({ page }) => {
  await page.goto(`/explore/metrics?a=up&${RECENT}`);
  const rows = page.getByTestId('legend').getByRole('button', { name: /job=/ });
  await expect(rows.first()).toContainText('self');
  await page.getByRole('button', { name: 'last' }).click();
  await expect(rows.first()).toContainText('dead');
  await page.getByRole('button', { name: '2 series' }).click();
  await expect(rows.first()).toContainText('dead');
  await page.getByRole('button', { name: '2 series' }).click();
  await expect(rows.first()).toContainText('self');
});

test('a query is formatted by the server', async ({ page }) => {
  await page.goto(`/explore/metrics?${RECENT}`);
  await editor(page).fill('sum(up)by(job)');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Format A' }).click();
  await expect(editor(page)).toContainText('sum by (job) (up)');
});

test('queries that ran are found again', async ({ page }) => {
  await page.goto(`/explore/metrics?${RECENT}`);
  await ask(page, 'count(up)');
  await expect(chart(page)).toHaveAttribute('data-series', '1');
  await page.getByRole('button', { name: 'History' }).click();
  await expect(page.getByRole('button', { name: /count\(up\).* ago/ })).toBeVisible();
});

test('queries of a link are found again', async ({ page }) => {
  await page.goto(`/explore/metrics?a=sum(up)&${RECENT}`);
  await expect(chart(page)).toHaveAttribute('data-series', '1');
  await page.getByRole('button', { name: 'History' }).click();
  await expect(page.getByRole('button', { name: /sum\(up\).* ago/ })).toBeVisible();
});

test('the browser of metrics inserts a query', async ({ page }) => {
  await page.goto(`/explore/metrics?${RECENT}`);
  await page.getByRole('button', { name: 'Metrics', exact: true }).click();
  await page.getByLabel('Find a metric').fill('scrape duration');
  await page.getByRole('option', { name: /scrape_duration_seconds/ }).click();
  await expect(page.getByRole('region', { name: 'scrape_duration_seconds' })).toContainText('series');
  await page.getByRole('button', { name: /topk\(5/ }).click();
  await expect.poll(() => search(page).get('a')).toBe('topk(5, scrape_duration_seconds)');
});

test("Prometheus's own links open here", async ({ page }) => {
  await page.goto('/graph?g0.expr=up&g0.tab=0&g0.range_input=15m');
  await expect(chart(page)).toHaveAttribute('data-series', '2');
  expect(new URL(page.url()).pathname).toBe('/explore/metrics');
  expect(search(page).get('from')).toBe('now-15m');
});

test('costs are explained', async ({ page }) => {
  test.skip(!(await exists(page, '/api/pharos/explain?query=up&start=0&end=0&step=1')), 'this server does not explain');
  await page.goto(`/explore/metrics?a=sum(rate(scrape_samples_scraped[1m]))&${RECENT}`);
  await page.getByRole('radio', { name: 'Explain' }).click();
  const parts = page.getByRole('region', { name: 'Explain A' });
  await expect(parts).toContainText('rate(scrape_samples_scraped[1m])');
  await expect(parts).toContainText('Samples used');
});

test('a share link is fixed in time', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`/explore/metrics?a=up&${RECENT}`);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
  expect(link.searchParams.get('from')).toMatch(/^\d{13}$/);
  expect(link.searchParams.get('a')).toBe('up');
});
