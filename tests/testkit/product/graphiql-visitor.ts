import type { Browser, Page } from 'playwright-core';

/** Somebody in front of the GraphiQL page, in a browser profile of their own. */
export interface GraphiqlVisitor {
  /** The names on the tabs, from left to right. */
  tabs(): Promise<readonly string[]>;
  openTab(name: string): Promise<void>;
  /** Replaces what is in the Variables or Headers editor, as by pasting. */
  type(editor: 'Variables' | 'Headers', text: string): Promise<void>;
  /** Presses the play button; again, for a running subscription, it stops it. */
  pressPlay(): Promise<void>;
  /** Waits until the answer pane shows `text`. */
  untilAnswerShows(text: string): Promise<void>;
  page: Page;
  /** What went wrong behind the scenes: console errors, CSP violations, uncaught errors, requests to other hosts. */
  troubles(): readonly string[];
  leave(): Promise<void>;
}

export async function visitGraphiql(browser: Browser, url: string): Promise<GraphiqlVisitor> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(`uncaught: ${error.message}`));
  page.on('request', (request) => noteForeign(request.url()));
  page.on('websocket', (socket) => noteForeign(socket.url().replace(/^ws/, 'http')));
  await page.addInitScript({
    content: `document.addEventListener('securitypolicyviolation', (event) => console.error('CSP', event.violatedDirective, event.blockedURI));`,
  });
  function noteForeign(address: string): void {
    if (!/^(data|blob):/.test(address) && new URL(address).origin !== new URL(url).origin) troubles.push(`foreign host: ${address}`);
  }

  await page.goto(url);
  const play = page.getByRole('button', { name: /^(Execute|Stop) / });
  await play.waitFor();
  await page.locator('[aria-label="Operation Editor"] .view-line').first().waitFor();

  return {
    page,
    tabs: () => page.getByRole('tab').allInnerTexts(),
    async openTab(name) {
      // The open tab has a close button too, and with it another accessible name.
      await page.locator('.graphiql-tab-button').getByText(name, { exact: true }).click();
    },
    async type(editor, text) {
      await page.locator('.graphiql-editor-tools button', { hasText: editor }).click();
      await page.locator(`section[aria-label="${editor}"] .monaco-editor:visible`).first().click();
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(text);
      // The editor closes quotes and brackets by itself: take away what it added behind.
      await page.keyboard.press('Control+Shift+End');
      await page.keyboard.press('Delete');
    },
    pressPlay: () => play.click(),
    async untilAnswerShows(text) {
      const answer = page.locator('.result-window .view-lines');
      await answer
        .filter({ hasText: text })
        .waitFor({ timeout: 20_000 })
        .catch(async () => {
          throw new Error(`The answer never showed ${text}. It shows: ${await answer.innerText()}`);
        });
    },
    troubles: () => troubles,
    leave: () => context.close(),
  };
}
