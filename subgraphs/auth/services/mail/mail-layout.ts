/** A paragraph of text, a link shown as a button, or a code to copy. */
export type Paragraph = string | { readonly link: string; readonly label: string } | { readonly code: string };

/** The same paragraphs as plain text and as HTML that every mail program shows. */
export function layOut(paragraphs: readonly Paragraph[], footer: string): { text: string; html: string } {
  return {
    text: `${paragraphs.map(toText).join('\n\n')}\n\n-- \n${footer}\n`,
    html: [
      '<!doctype html>',
      '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>',
      '<body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif;color:#1a1a2e;background:#ffffff">',
      '<div style="max-width:520px;margin:0 auto">',
      ...paragraphs.map(toHtml),
      `<p style="margin-top:32px;font-size:13px;color:#5c5c70">${escapeHtml(footer)}</p>`,
      '</div></body></html>',
      '',
    ].join('\n'),
  };
}

function toText(paragraph: Paragraph): string {
  if (typeof paragraph === 'string') return paragraph;
  return 'link' in paragraph ? paragraph.link : paragraph.code;
}

function toHtml(paragraph: Paragraph): string {
  if (typeof paragraph === 'string') return `<p>${escapeHtml(paragraph)}</p>`;
  if ('code' in paragraph) {
    return `<p style="font:14px/1.5 ui-monospace,monospace;word-break:break-all;padding:12px;background:#f2f2f7">${escapeHtml(paragraph.code)}</p>`;
  }
  const style = 'display:inline-block;padding:12px 20px;border-radius:6px;background:#3b3bd6;color:#ffffff;text-decoration:none';
  return `<p><a href="${escapeHtml(paragraph.link)}" style="${style}">${escapeHtml(paragraph.label)}</a></p>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
