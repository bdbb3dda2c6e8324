import { exists, expect, search, test } from './page';

test('states, labels and errors are shown', async ({ page }) => {
  await page.goto('/pipeline/targets?from=now-5m&to=now');
  const list = page.getByRole('region', { name: 'Targets' });
  await expect(list).toContainText('self');
  await expect(list).toContainText('1 of 1 up');
  await expect(list).toContainText('0 of 1 up');
  await expect(list).toContainText(/refused/i);
  await expect(list).toContainText(/\d s ago/);
});

test('an error says what to do', async ({ page }) => {
  test.skip(!(await exists(page, '/api/pharos/targets')), 'this server gives no advice');
  await page.goto('/pipeline/targets');
  await expect(page.getByTestId('advice').first()).toContainText(/\w{3,}.*\w{3,}/);
});

test('state and pool are filtered by the address', async ({ page }) => {
  await page.goto('/pipeline/targets');
  const list = page.getByRole('region', { name: 'Targets' });
  await page.getByRole('button', { name: /^Down/ }).click();
  await expect.poll(() => search(page).get('state')).toBe('down');
  await expect(list).not.toContainText('self');
  await page.goto('/pipeline/targets?pool=self');
  await expect(list).toContainText('self');
  await expect(list).not.toContainText('127.0.0.1:1/');
  await page.getByLabel('Find a target').fill('no such thing');
  await expect(page.getByText('No target is left by this filter')).toBeVisible();
});

test('labels before and after relabeling', async ({ page }) => {
  await page.goto('/pipeline/targets?pool=self');
  await page.getByRole('button', { name: 'Labels and relabeling' }).first().click();
  const row = page.getByRole('row', { name: /__meta_team/ });
  await expect(row).toContainText('core');
  await expect(row).toContainText('removed');
  await expect(page.getByRole('row', { name: /^team/ })).toContainText('core');
  if (await exists(page, '/api/v1/targets/relabel_steps?scrapePool=self&labels={}')) {
    await expect(page.getByRole('listitem').filter({ hasText: 'replace [__meta_team]' })).toContainText('core');
  }
});

test('dropped targets are listed', async ({ page }) => {
  await page.goto('/pipeline/targets');
  await page.getByRole('button', { name: /^Dropped/ }).click();
  await expect.poll(() => search(page).get('view')).toBe('dropped');
  await expect(page.getByRole('region', { name: 'Targets' })).toContainText('127.0.0.1:2');
});
