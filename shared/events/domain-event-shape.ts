import { z } from 'zod';
import type { DomainEvent } from './event-bus.js';

/** An event as it comes over a wire; its payload is for the consumer to check. */
export const domainEventShape: z.ZodType<DomainEvent> = z.object({
  id: z.uuid(),
  type: z.string(),
  key: z.string(),
  occurredAt: z.iso.datetime(),
  payload: z.unknown(),
});
