/** Whether tests that need a real service may be left out (the default), or must fail without it (`REQUIRE_SERVICES=1`, as CI sets it). */
const required = process.env.REQUIRE_SERVICES === '1';

/**
 * `service` itself, or null, said in one line, when it was not found on this machine. Throws instead when services are required, so that
 * CI cannot pass by not testing.
 */
export function orSkip<Service>(name: string, service: Service | null): Service | null {
  if (service !== null) return service;
  if (required) throw new Error(`${name} was not found, and REQUIRE_SERVICES=1 asks for it`);
  process.stderr.write(`Left out, because ${name} was not found on this machine: the tests that need it.\n`);
  return null;
}
