// Traces without a mouse.
import type { Page } from '@playwright/test';
import { sendTrace } from './otlp';
import { expect, search, test } from './page';
import { order, unique } from './shop';

const list = (page: Page) => page.getByRole('region', { name: 'Traces' });
const rows = (page: Page) => page.getByRole('treegrid', { name: 'Spans' });

test('the list is walked with keys, and the way back leads to it', async ({ page }) => {
  const [shop, pay] = [unique('shop'), unique('pay')];
  await sendTrace(page, order(shop, pay));
  const id = await sendTrace(page, order(shop, pay, 'card declined'));
  await page.goto(`/traces?service=${shop}&q=status:error&from=now-15m&to=now`);
  await expect(list(page).getByRole('row').filter({ hasText: 'POST /order' })).toHaveCount(1);
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await expect(list(page).getByRole('checkbox', { name: 'Choose for comparing' })).toBeChecked();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/traces/${id}`));
  await expect(rows(page)).toBeVisible();
  await page.keyboard.press('u');
  await expect.poll(() => search(page).get('q')).toBe('status:error');
  expect(search(page).get('service')).toBe(shop);
  await expect(list(page).getByRole('row').filter({ hasText: 'POST /order' })).toHaveCount(1);
});

test('spans of the table are walked with keys, groups are opened with Enter', async ({ page }) => {
  const pay = unique('pay');
  const id = await sendTrace(page, order(unique('shop'), pay));
  await page.goto(`/traces/${id}?view=table`);
  const table = page.getByTestId('span-table');
  await expect(table.getByRole('row').nth(1)).toContainText('POST /order');
  for (const key of ['j', 'j', 'Enter']) await page.keyboard.press(key);
  await expect(page.getByTestId('span-detail')).toContainText('charge');
  await page.getByRole('radio', { name: 'By service' }).click();
  await page.getByTestId('group-table').getByRole('row').filter({ hasText: pay }).focus();
  await page.keyboard.press('Enter');
  await expect(table.getByRole('row').nth(1)).toContainText('Charge');
});

test('spans are chosen with keys and shown with their attributes', async ({ page }) => {
  const id = await sendTrace(page, order(unique('shop'), unique('pay')));
  await page.goto(`/traces/${id}`);
  await expect(rows(page).getByRole('row')).toHaveCount(16);
  for (const key of ['j', 'j', 'j', 'Enter']) await page.keyboard.press(key);
  const detail = page.getByTestId('span-detail');
  await expect(detail).toContainText('SELECT * FROM items WHERE id = 0');
  await expect.poll(() => search(page).get('span')).toMatch(/^[0-9a-f]{16}$/);
  await page.reload();
  await expect(detail).toContainText('SELECT * FROM items WHERE id = 0');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await expect(rows(page).getByRole('row')).toHaveCount(4);
  await page.keyboard.press('ArrowRight');
  await expect(rows(page).getByRole('row')).toHaveCount(16);
});

test('the flame graph is walked with arrows', async ({ page }) => {
  const id = await sendTrace(page, order(unique('shop'), unique('pay')));
  await page.goto(`/traces/${id}`);
  await expect(rows(page)).toBeVisible();
  await page.keyboard.press('2');
  const flame = page.getByTestId('flame');
  await expect(flame).toBeFocused();
  for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  await expect(page.getByRole('button', { name: 'Show all' })).toBeVisible();
  await expect.poll(() => search(page).get('span')).toMatch(/^[0-9a-f]{16}$/);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Show all' })).toHaveCount(0);
  await expect.poll(() => search(page).get('view')).toBe('flame');
});

test('spans are found in the trace', async ({ page }) => {
  const pay = unique('pay');
  const id = await sendTrace(page, order(unique('shop'), pay));
  await page.goto(`/traces/${id}`);
  await expect(rows(page)).toBeVisible();
  await page.keyboard.press('f');
  const top = (): Promise<number> => rows(page).evaluate((element) => element.getBoundingClientRect().top);
  const before = await top();
  await page.keyboard.type(`service=${pay}`);
  await expect(page.getByRole('status').filter({ hasText: /^1$/ })).toBeVisible();
  // What stands below does not jump.
  expect(await top()).toBe(before);
  await page.keyboard.press('Enter');
  await expect(rows(page).locator('[aria-selected=true]')).toContainText('Charge');
});
