import type { Locator, Page } from '@playwright/test';
import { newTraceId, sendTrace, type SentSpan } from './otlp';
import { expect, search, test } from './page';

const unique = (name: string): string => `${name}-${newTraceId().slice(0, 8)}`;
const RANGE = 'from=now-15m&to=now';

const order = (shop: string, pay: string, error?: string): SentSpan => ({
  service: shop,
  name: 'POST /order',
  from: 0,
  to: 400,
  kind: 'server',
  children: [
    {
      service: shop,
      name: 'charge',
      from: 100,
      to: 380,
      kind: 'client',
      children: [
        { service: pay, name: 'Charge', from: 110, to: 370, kind: 'server', ...(error === undefined ? {} : { error }) },
      ],
    },
    {
      service: shop,
      name: 'SELECT orders',
      from: 10,
      to: 60,
      kind: 'client',
      attributes: { 'db.system': 'postgresql', 'db.name': `${shop}-db` },
    },
  ],
});

/** New counts are written within a second or so: the page is looked at until they are there. */
async function until(page: Page, look: () => Promise<void>): Promise<void> {
  await expect(async () => {
    await page.keyboard.press('r');
    await look();
  }).toPass({ timeout: 20_000 });
}

const brief = { timeout: 1500 };

test('services have their requests, errors and durations', async ({ page }) => {
  const [shop, pay] = [unique('shop'), unique('pay')];
  await sendTrace(page, order(shop, pay));
  await sendTrace(page, order(shop, pay, 'card declined'));
  await page.goto(`/services?${RANGE}`);
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: pay, exact: true }) });
  await until(page, async () => {
    await expect(row).toContainText('50 %', brief);
    await expect(row).toContainText(/ms/, brief);
  });
  await page.getByLabel('Find a service').fill(shop);
  await expect.poll(() => search(page).get('find')).toBe(shop);
  await expect(row).toHaveCount(0);
  await page.getByRole('link', { name: shop, exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/services/${shop}`));
  await expect(page.getByRole('heading', { name: shop })).toBeVisible();
});

test('a service has operations, dependencies and ways on', async ({ page }) => {
  const [shop, pay] = [unique('shop'), unique('pay')];
  await sendTrace(page, order(shop, pay));
  await page.goto(`/services/${pay}?${RANGE}`);
  const operation = page.getByRole('table', { name: 'Operations' }).getByRole('row').filter({ hasText: 'Charge' });
  await until(page, async () => {
    await expect(operation).toContainText('100 %', brief);
    await expect(page.getByRole('table', { name: 'Called by' })).toContainText(shop, brief);
  });
  await page.getByRole('table', { name: 'Called by' }).getByRole('link', { name: shop }).click();
  await expect(page).toHaveURL(new RegExp(`/services/${shop}`));
  await until(page, async () => {
    await expect(page.getByRole('table', { name: 'Calls', exact: true })).toContainText(pay, brief);
  });
  await page
    .getByRole('navigation', { name: `Of ${shop}` })
    .getByRole('link', { name: 'Slow traces' })
    .click();
  await expect(page).toHaveURL(new RegExp(`/traces\\?.*service=${shop}`));
  expect(search(page).get('order')).toBe('slowest');
});

test('one service is chosen for all places', async ({ page }) => {
  const [shop, pay] = [unique('shop'), unique('pay')];
  await sendTrace(page, order(shop, pay), [
    { service: pay, body: 'charged', severity: 9, at: 120 },
    { service: shop, body: 'order placed', severity: 9, at: 390 },
  ]);
  await page.goto(`/logs?${RANGE}`);
  const filter = page.getByRole('combobox', { name: 'Service' });
  await expect(filter).toBeVisible();
  await page.keyboard.press('b');
  await expect(filter).toBeFocused();
  await page.keyboard.type(shop);
  await page.getByRole('option', { name: shop }).click();
  await expect.poll(() => search(page).get('service')).toBe(shop);
  const lines = page.getByRole('region', { name: 'Logs' });
  await expect(lines).toContainText('order placed');
  await expect(lines).not.toContainText('charged');
  await page.keyboard.press('Escape');
  const places = page.getByRole('navigation', { name: 'Places' });
  await places.getByRole('link', { name: 'Traces' }).click();
  await expect(filter).toHaveValue(shop);
  await expect(page.getByRole('region', { name: 'Traces' })).toContainText('POST /order');
  await places.getByRole('link', { name: 'Service map' }).click();
  await expect.poll(() => search(page).get('service')).toBe(shop);
  await page.goto(`/services/${pay}?${RANGE}`);
  await expect(filter).toHaveValue(pay);
  await places.getByRole('link', { name: 'Logs' }).click();
  await expect.poll(() => search(page).get('service')).toBe(pay);
  await expect(lines).toContainText('charged');
  await page.getByRole('button', { name: 'All services' }).click();
  await expect.poll(() => search(page).get('service')).toBeNull();
});

test('errors of a service lead to their trace', async ({ page }) => {
  const shop = unique('shop');
  const failed: SentSpan = { service: shop, name: 'POST /pay', from: 0, to: 40, kind: 'server', error: 'declined' };
  const id = await sendTrace(page, { ...failed, exception: { type: 'DeclinedError', message: 'no money left' } });
  await page.goto(`/services/${shop}?${RANGE}`);
  const errors = page.getByRole('region', { name: 'Errors by type' });
  await expect(errors).toContainText('no money left');
  await errors.getByRole('link', { name: 'DeclinedError' }).click();
  await expect(page).toHaveURL(new RegExp(`/traces/${id}.*span=`));
});

test('numbers that cannot be counted are said, and what is known is shown', async ({ page }) => {
  const shop = unique('shop');
  await sendTrace(page, order(shop, unique('pay')));
  const refusal = { status: 'error', errorType: 'internal', error: 'the store is not there' };
  await page.route('**/api/v1/query**', (route) => route.fulfill({ status: 500, json: refusal }));
  await page.goto(`/services?find=${shop}&${RANGE}`);
  await expect(page.getByRole('alert')).toContainText('the store is not there');
  await expect(page.getByRole('link', { name: shop, exact: true })).toBeVisible();
});

test('a service that does not answer is said to have none', async ({ page }) => {
  await page.goto(`/services/${unique('nobody')}?${RANGE}`);
  await expect(page.getByText('No requests in this time range').first()).toBeVisible();
  await expect(page.getByText('Nobody, in this time range')).toBeVisible();
});

test('the map shows who calls whom', async ({ page }) => {
  const [shop, pay] = [unique('shop'), unique('pay')];
  await sendTrace(page, order(shop, pay, 'card declined'));
  await page.goto(`/map?${RANGE}`);
  const node = (name: string) => page.getByRole('button', { name: new RegExp(`(service|database|user) ${name}:`) });
  await until(page, async () => {
    await expect(node(shop)).toBeVisible(brief);
    await expect(node(pay)).toHaveAttribute('data-level', 'bad', brief);
  });
  // By the keyboard: many nodes of other tests may lie close.
  await node(shop).focus();
  await page.keyboard.press('Enter');
  const card = page.getByTestId('map-card');
  await expect(card).toContainText(shop);
  await card.getByRole('button', { name: 'Only what is around it' }).click();
  await expect.poll(() => search(page).get('service')).toBe(shop);
  await expect(node(pay)).toBeVisible();
  await expect(node('user')).toBeVisible();
  await page.getByRole('radio', { name: 'List' }).click();
  const calls = page.getByRole('table', { name: 'Calls' });
  await expect(calls.getByRole('row').filter({ hasText: pay })).toContainText('100 %');
  await expect(calls).toContainText('Statements to a database');
  await calls.getByRole('link', { name: pay }).click();
  await expect(page).toHaveURL(new RegExp(`/services/${pay}`));
});

test('a service that calls nobody, and that nobody calls, is on the map', async ({ page }) => {
  const [shop, cron] = [unique('shop'), unique('cron')];
  await sendTrace(page, order(shop, unique('pay')));
  await sendTrace(page, { service: cron, name: 'tidy up', from: 0, to: 40 });
  const node = (name: string) => page.getByRole('button', { name: new RegExp(`service ${name}:`) });
  await page.goto(`/map?${RANGE}`);
  await until(page, async () => {
    await expect(node(cron)).toHaveAccessibleName(/no calls$/, brief);
    await expect(node(shop)).toBeVisible(brief);
  });
});

test('a service has one colour on every page', async ({ page }) => {
  const [shop, pay] = [unique('shop'), unique('pay')];
  const id = await sendTrace(page, order(shop, pay, 'card declined'));
  const colour = (place: Locator) =>
    place
      .locator('i')
      .first()
      .evaluate((element) => getComputedStyle(element).backgroundColor);
  await page.goto(`/traces?q=service:${shop}&from=now-15m&to=now`);
  const chips = page.getByTestId('service-chips').first();
  const [first, second] = [await colour(chips.getByTitle(shop)), await colour(chips.getByTitle(pay))];
  expect(first).not.toBe(second);
  await page.goto(`/traces/${id}`);
  expect(await colour(page.getByTestId('service-chips').getByTitle(pay, { exact: true }))).toBe(second);
  await page.goto(`/services?find=${pay}&${RANGE}`);
  const link = page.getByRole('link', { name: pay, exact: true });
  await until(page, async () => expect(link).toBeVisible(brief));
  expect(await colour(link)).toBe(second);
});

test('what came by which door is counted, and what was refused is said', async ({ page }) => {
  await sendTrace(page, order(unique('shop'), unique('pay')));
  const bad = await page.request.post('/v1/logs', {
    data: Buffer.from('this is no JSON'),
    headers: { 'content-type': 'application/json' },
  });
  expect(bad.status()).toBe(400);
  await page.goto('/pipeline/receivers');
  const rows = page.getByTestId('receiver');
  await expect(rows.filter({ hasText: 'OTLP over HTTP' }).filter({ hasText: 'traces' })).toContainText('spans');
  const logs = rows.filter({ hasText: 'OTLP over HTTP' }).filter({ hasText: 'logs' });
  await expect(logs).toContainText('refused whole');
  await expect(logs).toContainText('could not be read');
});
