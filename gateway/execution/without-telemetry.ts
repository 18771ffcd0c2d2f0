/**
 * `@apollo/gateway` reports usage to its maker unless told otherwise, and can be told by the environment alone. Imported before it, for
 * this effect.
 */
// eslint-disable-next-line no-restricted-properties -- writes a switch of a library, reads no configuration
process.env.APOLLO_TELEMETRY_DISABLED = '1';
