import { GraphiQL } from 'graphiql';
import { useState } from 'react';
import { Brand } from './brand.js';
import type { Example } from './examples.js';
import { createFetcher } from './fetcher.js';
import { FillIn } from './fill-in.js';
import { emptyHeaders } from './headers.js';
import type { Notebook } from './notes.js';
import { createSubscriptions } from './subscriptions.js';
import { tabStorage } from './tab-storage.js';
import { UploadButton } from './upload-button.js';

export interface PageProps {
  /** Absolute URL of the GraphQL endpoint; WebSockets go to the same place. */
  url: string;
  notebook: Notebook;
  /** The tabs of a first visit. */
  tabs: readonly Example[];
}

export function Page({ url, notebook, tabs }: PageProps) {
  const [fetcher] = useState(() =>
    createFetcher({ url, subscriptions: createSubscriptions(url.replace(/^http/, 'ws')), onAnswer: (answer) => notebook.read(answer) }),
  );
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={tabStorage}
      defaultTabs={[...tabs]}
      defaultHeaders={emptyHeaders}
      defaultEditorToolsVisibility="variables"
      schemaDescription
      inputValueDeprecation
    >
      <GraphiQL.Logo>
        <Brand notebook={notebook} />
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, copy, merge }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <UploadButton url={url} notebook={notebook} />
          </>
        )}
      </GraphiQL.Toolbar>
      <FillIn notebook={notebook} />
    </GraphiQL>
  );
}
