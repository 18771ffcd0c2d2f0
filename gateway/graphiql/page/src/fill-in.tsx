import { useGraphiQL } from '@graphiql/react';
import { useEffect, useSyncExternalStore } from 'react';
import type { Notebook } from './notes.js';

/** Puts what the page learned from answers into the open tab: the access token into its headers, ids into its variables. Shows nothing. */
export function FillIn({ notebook }: { notebook: Notebook }) {
  const notes = useSyncExternalStore(notebook.subscribe, notebook.get);
  const { headerEditor, variableEditor, activeTabIndex } = useGraphiQL(({ headerEditor, variableEditor, activeTabIndex }) => ({
    headerEditor,
    variableEditor,
    activeTabIndex,
  }));
  useEffect(() => {
    for (const [editor, fill] of [
      [headerEditor, notebook.fillHeaders],
      [variableEditor, notebook.fillVariables],
    ] as const) {
      const text = editor?.getValue() ?? '';
      const filled = fill(text);
      if (filled !== text) editor?.setValue(filled);
    }
  }, [notes, notebook, headerEditor, variableEditor, activeTabIndex]);
  return null;
}
