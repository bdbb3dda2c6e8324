// What all browser tests share: a page that breaks loudly, and names for what is on it.
import { test as base, expect, type Page } from '@playwright/test';

/** Fails when the page throws, or asks anybody but its own server for anything. */
export const test = base.extend({
  page: async ({ page, baseURL }, give) => {
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(baseURL ?? '') && !/^(data|blob):/.test(url)) faults.push(`asked ${url}`);
    });
    await give(page);
    expect(faults).toEqual([]);
  },
});

export { expect };

export function editor(page: Page, letter = 'A') {
  return page.getByRole('textbox', { name: `Query ${letter}` });
}

/** Types a query into an editor and runs it, past the completion that may be open. */
export async function ask(page: Page, query: string, letter = 'A'): Promise<void> {
  await editor(page, letter).fill(query);
  await page.keyboard.press('Control+Enter');
}

export function chart(page: Page) {
  return page.getByTestId('chart');
}

export function search(page: Page): URLSearchParams {
  return new URL(page.url()).searchParams;
}

/** Whether a server has an address at all. */
export async function exists(page: Page, path: string): Promise<boolean> {
  return (await page.request.get(path)).status() !== 404;
}

/** Pixels of the graph that are not its background. */
export async function inkOf(page: Page): Promise<number> {
  return chart(page)
    .locator('canvas')
    .evaluate((canvas: HTMLCanvasElement) => {
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      let count = 0;
      for (let i = 3; i < data.length; i += 4) if ((data[i] ?? 0) > 200) count += 1;
      return count;
    });
}
