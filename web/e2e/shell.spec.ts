import { editor, expect, search, test } from './page';

test('the theme is chosen and kept', async ({ page }) => {
  await page.goto('/settings/status');
  const scheme = () => page.locator('html').getAttribute('data-mantine-color-scheme');
  await page.getByRole('button', { name: 'Theme' }).click();
  await page.getByRole('menuitem', { name: 'Dark' }).click();
  await expect.poll(scheme).toBe('dark');
  const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.reload();
  await expect(page.getByTestId('head')).toBeVisible();
  await expect.poll(scheme).toBe('dark');
  await page.keyboard.press('d');
  await expect.poll(scheme).toBe('light');
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).not.toBe(dark);
});

test('the palette goes to places and metrics', async ({ page }) => {
  await page.goto('/explore/metrics');
  await expect(editor(page)).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /Find a page/ }).fill('targets');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/pipeline\/targets/);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /Find a page/ }).fill('dark');
  await expect(page.getByRole('option', { name: /Theme: dark/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
});

test('the palette takes every key that follows it', async ({ page }) => {
  await page.goto('/explore/metrics?a=up');
  await expect(editor(page)).toBeVisible();
  await page.keyboard.press('Escape');
  for (let turn = 0; turn < 2; turn += 1) {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('dashboards');
    await expect(page.getByRole('combobox', { name: /Find a page/ })).toHaveValue('dashboards');
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
});

test('keys go to places and are told', async ({ page }) => {
  await page.goto('/settings/status');
  await expect(page.getByTestId('head')).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await expect(page).toHaveURL(/pipeline\/targets/);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('Command palette');
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page).toHaveURL(/pipeline\/targets/);
});

test('keys stay in fields', async ({ page }) => {
  await page.goto('/explore/metrics');
  await editor(page).click();
  await page.keyboard.type('gt');
  await expect(page).toHaveURL(/explore\/metrics/);
  await expect(editor(page)).toContainText('gt');
});

test('the time range is typed, travels and comes back', async ({ page }) => {
  await page.goto('/explore/metrics?a=up');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Time range' }).click();
  await page.getByLabel('Type a time range').fill('now-6h');
  await page.keyboard.press('Enter');
  await expect.poll(() => search(page).get('from')).toBe('now-6h');
  await expect(page.getByRole('button', { name: 'Time range' })).toContainText('Last 6 hours');
  await page.getByRole('link', { name: 'Status' }).click();
  await expect(page).toHaveURL(/status\?.*from=now-6h/);
  expect(search(page).get('a')).toBeNull();
  await page.goBack();
  await expect.poll(() => search(page).get('a')).toBe('up');
});

test('time goes no further than now', async ({ page }) => {
  await page.goto('/explore/metrics?a=up');
  const later = page.getByRole('button', { name: 'Later' });
  await expect(later).toBeDisabled();
  await page.getByRole('button', { name: 'Earlier' }).click();
  await expect(later).toBeEnabled();
  await later.click();
  await expect(later).toBeDisabled();
  const to = Number(search(page).get('to'));
  expect(to).toBeLessThanOrEqual(Date.now() + 1000);
  expect(Number(search(page).get('to')) - Number(search(page).get('from'))).toBe(3_600_000);
});

test('pages without a time range show none', async ({ page }) => {
  await page.goto('/settings/status');
  await expect(page.getByRole('button', { name: 'Refresh', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Time range' })).toHaveCount(0);
  await page.goto('/pipeline/targets');
  await expect(page.getByRole('button', { name: 'Time range' })).toBeVisible();
});

test("Jaeger's links open the same search", async ({ page }) => {
  const tags = encodeURIComponent('{"http.status_code":"500","error":"true"}');
  await page.goto(`/search?service=cart&operation=all&tags=${tags}&lookback=3h&limit=20&minDuration=2ms&maxDuration=`);
  await expect(page).toHaveURL(/\/traces\?/);
  const read = search(page);
  expect([read.get('service'), read.get('q'), read.get('errors')]).toEqual(['cart', 'http.status_code=500', '1']);
  expect([read.get('min'), read.get('max'), read.get('limit')]).toEqual(['2ms', null, '20']);
  expect([read.get('from'), read.get('to')]).toEqual(['now-3h', 'now']);
});

test('it refreshes by itself', async ({ page }) => {
  await page.goto('/explore/metrics?a=up&refresh=5s&from=now-5m&to=now');
  const isRange = (url: string): boolean => url.includes('query_range');
  await page.waitForRequest((request) => isRange(request.url()));
  await page.waitForRequest((request) => isRange(request.url()), { timeout: 15_000 });
});

test('a time range that cannot be read is said', async ({ page }) => {
  await page.goto('/explore/metrics?from=yesterdayish&to=now');
  await expect(page.getByText('cannot be read')).toBeVisible();
});

test('a server that is gone is said', async ({ page }) => {
  await page.route('**/api/v1/**', (route) => route.abort());
  await page.goto('/pipeline/targets');
  await expect(page.getByText('The server does not answer').first()).toBeVisible();
});

test('an unknown address is said', async ({ page }) => {
  await page.goto('/no/such/place');
  await expect(page.getByText('There is nothing here')).toBeVisible();
});
