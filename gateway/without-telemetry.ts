// Imported before @apollo/gateway, which reports usage to its maker unless it finds this when it starts.
// eslint-disable-next-line no-restricted-properties -- the package offers no option for it, only the environment
process.env.APOLLO_TELEMETRY_DISABLED = '1';
