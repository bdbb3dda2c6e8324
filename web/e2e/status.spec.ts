import { expect, search, test } from './page';

test('the head is counted', async ({ page }) => {
  await page.goto('/settings/status');
  const head = page.getByTestId('head');
  await expect(head).toContainText('Series in memory');
  const series = await head.locator('dd').first().textContent();
  expect(Number(series?.replace(/\D/g, ''))).toBeGreaterThan(10);
  await expect(page.getByRole('region', { name: 'Build' })).toContainText('Version');
});

test('flags are found', async ({ page }) => {
  await page.goto('/settings/status?view=flags');
  const flags = page.getByRole('region', { name: 'Flags' });
  await expect(flags.getByRole('row')).not.toHaveCount(0);
  const all = await flags.getByRole('row').count();
  await page.getByLabel('Find a flag').fill('listen');
  await expect.poll(() => flags.getByRole('row').count()).toBeLessThan(all);
  await expect(flags).toContainText('listen');
  expect(search(page).get('find')).toBe('listen');
});

test('the configuration is shown', async ({ page }) => {
  await page.goto('/settings/status');
  await page.getByRole('radio', { name: 'Configuration' }).click();
  await expect(page.getByRole('region', { name: 'Configuration' })).toContainText('scrape_configs:');
  expect(search(page).get('view')).toBe('configuration');
});

test('cardinality leads to a query', async ({ page }) => {
  await page.goto('/settings/status?view=cardinality');
  const metrics = page.getByRole('region', { name: 'Metrics by series' });
  const first = metrics.getByRole('link').first();
  const name = (await first.textContent()) ?? '';
  await first.click();
  await expect.poll(() => search(page).get('a')).toContain(name);
});

test('the rest of the parts opens', async ({ page }) => {
  await page.goto('/settings/status?view=storage');
  await expect(page.getByRole('main')).toContainText(/block/i);
});
