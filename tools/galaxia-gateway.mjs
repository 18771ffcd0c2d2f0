#!/usr/bin/env node
/** `galaxia-gateway …`: the gateway for somebody else's supergraph, from a clone: builds what has changed, then starts it with the arguments. */
process.argv.splice(2, 0, 'gateway');
await import('./start.mjs');
