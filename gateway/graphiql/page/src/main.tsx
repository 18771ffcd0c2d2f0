import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './style.css';
import { createRoot } from 'react-dom/client';
import { examples, welcome } from './examples.js';
import { post } from './fetcher.js';
import { createNotebook } from './notes.js';
import { Page } from './page.js';
import { beginWith, hasTabs } from './tab-storage.js';

const url = new URL('graphql', document.baseURI).href;
const container = document.querySelector('#page');
if (container === null) throw new Error('The page has no #page to live in');

const tabs = hasTabs() || (await isGalaxia()) ? examples : welcome;
if (!hasTabs()) beginWith(tabs[0]);
createRoot(container).render(<Page url={url} notebook={createNotebook(sessionStorage)} tabs={tabs} />);

/** Whether the examples fit: this gateway can serve any supergraph. */
async function isGalaxia(): Promise<boolean> {
  const answer = await post(url, { query: 'query IsGalaxia { __type(name: "AuthPayload") { name } }', operationName: 'IsGalaxia' }, {});
  return JSON.stringify(answer.data) !== '{"__type":null}';
}
