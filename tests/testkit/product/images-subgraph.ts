import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { graphql } from 'graphql';
import type { AccessTokenVerifier } from '../../../shared/auth/access-token.js';
import { roles, type Role } from '../../../shared/auth/role.js';
import type { Viewer } from '../../../shared/auth/viewer.js';
import type { Database } from '../../../shared/database/database.js';
import { toGraphQLError, AppError } from '../../../shared/errors/app-error.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { createInProcessEventBus } from '../../../shared/events/buses/in-process-event-bus.js';
import { createHttpServer } from '../../../shared/http/server.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { openFileObjectStore } from '../../../shared/objects/file-object-store.js';
import type { ObjectStore } from '../../../shared/objects/object-store.js';
import { openS3ObjectStore } from '../../../shared/objects/s3-object-store.js';
import type { Json } from './graphql-client.js';
import { openMigratedEmbedded } from '../services/migrated-embedded.js';
import { createImagesSubgraph } from '../../../subgraphs/images/subgraph.js';
import { sendUpload, toOpenedUpload, type OpenedUpload } from './publish-image.js';
import { startS3 } from '../services/s3.js';

/** What a test reads of an answer; it names the paths that it asked for. */
export interface Answer {
  readonly data: Record<string, Record<string, unknown>>;
  readonly codes: readonly unknown[];
}

/** The images subgraph alone, on PGlite and HTTP, with a clock that tests turn. */
export interface ImagesUnderTest {
  /** Origin of its own routes. */
  readonly url: string;
  readonly objects: ObjectStore;
  readonly clock: { now: number };
  /** What the subgraph has announced. */
  readonly events: readonly DomainEvent[];
  /** Announces what another subgraph does, and resolves when it is taken. */
  announce(event: DomainEvent): Promise<void>;
  ask(person: string | null, query: string, variables?: Record<string, unknown>): Promise<Answer>;
  open(person: string, input: { contentType: string; size: number; purpose?: string; idempotencyKey?: string }): Promise<OpenedUpload>;
  send(upload: OpenedUpload, bytes: Buffer): Promise<Response>;
  complete(person: string | null, id: string): Promise<Record<string, unknown>>;
  /** Opens, sends and completes; the published image. */
  publish(person: string, bytes: Buffer, options?: { contentType?: string; purpose?: string }): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const signingKey = randomBytes(32);

export type StoreKind = 'files' | 's3, through this server' | 's3, directly';

/** A cold PGlite takes seconds, on a busy machine many; for `beforeAll`. In ms. */
export const startTimeoutMs = 120_000;

/** With `given` it uses that database, which then outlives it; `beside` another process of the subgraph, the objects of that one as well. */
export async function startImages(
  kind: StoreKind = 'files',
  given?: Database,
  beside?: Pick<ImagesUnderTest, 'objects' | 'clock'>,
): Promise<ImagesUnderTest> {
  const { objects, close: closeObjects } = beside === undefined ? await openStore(kind) : { objects: beside.objects, close: undefined };
  const database = given ?? (await openMigratedEmbedded());
  const logger = createLogger({ name: 'test', level: 'silent' });
  const clock = beside?.clock ?? { now: Date.now() };
  const events: DomainEvent[] = [];
  const bus = createInProcessEventBus({ logger });
  await bus.subscribe({
    group: 'test',
    types: ['avatar.changed', 'image.removed'],
    handle: (event) => Promise.resolve(void events.push(event)),
  });
  const subgraph = await createImagesSubgraph({
    database,
    bus,
    objects,
    accessTokens: trustingVerifier,
    signingKey,
    logger,
    now: () => clock.now,
  });
  const app = createHttpServer({ logger });
  await app.register(async (scope) => subgraph.routes?.(scope));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });

  async function ask(person: string | null, source: string, variableValues: Record<string, unknown> = {}): Promise<Answer> {
    const contextValue = await subgraph.createContext(person === null ? {} : { authorization: person });
    const { data, errors = [] } = await graphql({ schema: subgraph.schema, source, variableValues, contextValue });
    return {
      data: JSON.parse(JSON.stringify(data ?? {})) as Answer['data'],
      codes: errors.map(({ originalError, message }) =>
        originalError instanceof AppError ? toGraphQLError(originalError).extensions.code : message,
      ),
    };
  }

  const images: ImagesUnderTest = {
    url,
    objects,
    clock,
    events,
    announce: (event) => bus.publish([event]),
    ask,
    async open(person, input) {
      const { data, codes } = await ask(person, createMutation, { input });
      const upload = data.createImageUpload;
      if (upload?.__typename !== 'ImageUpload') throw new Error(`No upload: ${JSON.stringify({ data, codes })}`);
      return toOpenedUpload(upload as Json);
    },
    send: (upload, bytes) => sendUpload(url, upload, bytes),
    async complete(person, id) {
      const { data, codes } = await ask(person, completeMutation, { id });
      return data.completeImageUpload ?? { codes };
    },
    async publish(person, bytes, { contentType = 'image/png', purpose = 'GALLERY' } = {}) {
      const upload = await images.open(person, { contentType, size: bytes.length, purpose });
      await images.send(upload, bytes);
      const completed = await images.complete(person, upload.id);
      if (completed.__typename !== 'ImagePayload') throw new Error(`Not published: ${JSON.stringify(completed)}`);
      return completed.image as Record<string, unknown>;
    },
    async close() {
      await app.close();
      await bus.close();
      await subgraph.close();
      if (given === undefined) await database.close();
      await closeObjects?.();
    },
  };
  return images;
}

const createMutation = `mutation ($input: CreateImageUploadInput!) { createImageUpload(input: $input) {
  __typename ... on ImageUpload { id url method headers { name value } expiresAt }
  ... on InvalidInputError { code message fields { path code message } } } }`;

const completeMutation = `mutation ($id: ID!) { completeImageUpload(input: { id: $id }) {
  __typename ... on UserError { code message }
  ... on ImagePayload { image { id url width height contentType size purpose owner { id } createdAt } } } }`;

/** The person of this id, as one of those in charge. */
export function inCharge(id: string, role: Exclude<Role, 'USER'>): string {
  return `${id} ${role}`;
}

/** The header is the id of the person, and a role beside that of every user. What real tokens can do is tested with their verifier. */
const trustingVerifier: AccessTokenVerifier = {
  verify(authorization) {
    if (authorization === undefined) return Promise.resolve(null);
    const [userId = '', ...more] = authorization.split(' ');
    const given: Role[] = roles.filter((role) => role === 'USER' || more.includes(role));
    const viewer: Viewer = { userId, username: 'someone', sessionId: randomUUID(), roles: given, authenticatedAt: 0, expiresAt: Infinity };
    return Promise.resolve(viewer);
  },
};

async function openStore(kind: StoreKind): Promise<{ objects: ObjectStore; close: () => Promise<void> }> {
  if (kind === 'files') {
    const folder = await mkdtemp(join(tmpdir(), 'galaxia-images-'));
    return { objects: await openFileObjectStore({ folder }), close: () => rm(folder, { recursive: true }) };
  }
  const s3 = await startS3();
  const objects = await openS3ObjectStore({ ...s3, bucket: 'images', ...(kind === 's3, directly' ? { publicEndpoint: s3.endpoint } : {}) });
  return {
    objects,
    async close() {
      await objects.close();
      await s3.close();
    },
  };
}
