import './style.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';

const container = document.querySelector('#app');
if (container === null) throw new Error('The page has no #app to live in');
createRoot(container).render(<App url={location.origin} />);
