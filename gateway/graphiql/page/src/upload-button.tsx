import { ToolbarButton, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { type ChangeEvent, useRef } from 'react';
import { sendableHeaders } from './headers.js';
import type { Notebook } from './notes.js';
import { uploadAvatar } from './upload-image.js';

/** Takes the three steps of the last example with a file of the visitor's choice. Only beside operations that upload. */
export function UploadButton({ url, notebook }: { url: string; notebook: Notebook }) {
  const actions = useGraphiQLActions();
  const { headerEditor, responseEditor, query } = useGraphiQL(({ headerEditor, responseEditor, tabs, activeTabIndex }) => ({
    headerEditor,
    responseEditor,
    query: tabs[activeTabIndex]?.query ?? '',
  }));
  const input = useRef<HTMLInputElement>(null);
  if (!query.includes('createImageUpload')) return null;

  function show(answer: object): void {
    const response = JSON.stringify(answer, null, 2);
    responseEditor?.setValue(response);
    actions.updateActiveTabValues({ response });
  }

  async function upload(event: ChangeEvent<HTMLInputElement>): Promise<void> {
    const file = event.target.files?.[0];
    if (file === undefined) return;
    try {
      const typed: unknown = JSON.parse(headerEditor?.getValue() ?? '{}');
      const headers = sendableHeaders(typeof typed === 'object' && typed !== null ? { ...typed } : {});
      const answer = await uploadAvatar(url, file, headers);
      notebook.read(answer);
      show(answer);
    } catch (error) {
      show({ errors: [{ message: error instanceof Error ? error.message : String(error) }] });
    } finally {
      event.target.value = '';
    }
  }

  return (
    <>
      <ToolbarButton label="Upload an image" onClick={() => input.current?.click()}>
        <svg className="graphiql-toolbar-icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
          <path d="M10 13V4m0 0L6.5 7.5M10 4l3.5 3.5M4 12.5V15a1.5 1.5 0 0 0 1.5 1.5h9A1.5 1.5 0 0 0 16 15v-2.5" />
        </svg>
      </ToolbarButton>
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg,image/webp,image/gif,image/avif"
        aria-label="Image to upload"
        hidden
        onChange={(event) => void upload(event)}
      />
    </>
  );
}
