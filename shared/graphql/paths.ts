/** Where auth publishes its keys, behind the gateway's secret; the gateway answers the same path to everyone. */
export const jwksPath = '/.well-known/jwks.json';
