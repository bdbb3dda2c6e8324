// Lines as they come.
import type { Page } from '@playwright/test';
import { sendLines, type SentLine } from './logLines';
import { newTraceId } from './otlp';
import { expect, test } from './page';

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
const fields = (page: Page) => page.getByRole('complementary', { name: 'Fields' });

async function open(page: Page, service: string, more = ''): Promise<void> {
  await page.goto(`/logs?q=${encodeURIComponent(`service:${service}`)}&${RANGE}${more}`);
}

test('lines come live, and wait while they are read', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop, '&live=1');
  await expect(page.getByTestId('live')).toContainText('Live');
  await expect(rows(page)).toHaveCount(4);
  await sendLines(page, shop, [{ body: 'fresh line', severity: 9, ago: 0 }]);
  await expect(rows(page).first()).toContainText('fresh line');
  await page.getByRole('button', { name: 'Pause' }).click();
  await sendLines(page, shop, [{ body: 'later line', severity: 9, ago: 0 }]);
  await expect(page.getByRole('button', { name: '1 new line' })).toBeVisible();
  await expect(rows(page).first()).toContainText('fresh line');
  await page.getByRole('button', { name: '1 new line' }).click();
  await expect(rows(page).first()).toContainText('later line');
});

test('lines that came live are there when it is left', async ({ page }) => {
  const shop = unique('shop');
  await sendLines(page, shop, LINES);
  await open(page, shop, '&live=1');
  await expect(rows(page)).toHaveCount(4);
  await sendLines(page, shop, [{ body: 'fresh line', severity: 9, ago: 0 }]);
  await expect(rows(page).first()).toContainText('fresh line');
  await expect(fields(page)).toContainText('Counted over');
  await page.keyboard.press('l');
  await expect(page.getByTestId('live')).toHaveCount(0);
  await expect(rows(page)).toHaveCount(5);
  await expect(rows(page).first()).toContainText('fresh line');
});
