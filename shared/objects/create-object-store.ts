import { z } from 'zod';
import { httpUrl } from '../config/environment.js';
import { openFileObjectStore } from './file-object-store.js';
import type { ObjectStore } from './object-store.js';
import { openS3ObjectStore, type S3Options } from './s3-object-store.js';

/** The variables that say where objects are kept, to be spread into the schema of an entry's environment. */
export const s3Variables = {
  S3_ENDPOINT: httpUrl.optional().describe('http(s)://host[:port] of an S3 API'),
  S3_PUBLIC_ENDPOINT: httpUrl.optional().describe('the same S3 API as browsers and games reach it, to which they then upload directly'),
  S3_DELIVERY: z
    .enum(['proxy', 'redirect'])
    .default('proxy')
    .describe('how clients get images: through this server, or from S3_PUBLIC_ENDPOINT'),
  S3_ACCESS_KEY: z.string().optional().describe('needed with S3_ENDPOINT'),
  S3_SECRET_KEY: z.string().optional().describe('needed with S3_ENDPOINT'),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name: 3 to 63 of a-z, 0-9, "." and "-"')
    .default('galaxia'),
  S3_REGION: z.string().default('us-east-1'),
};

type S3Environment = z.output<z.ZodObject<typeof s3Variables>>;

/** For `superRefine` on the schema that holds `s3Variables`: an endpoint without its keys is a problem, and so are keys without an endpoint. */
export function checkS3Variables(environment: S3Environment, context: z.core.$RefinementCtx<S3Environment>): void {
  const isUsed = environment.S3_ENDPOINT !== undefined;
  for (const name of ['S3_ACCESS_KEY', 'S3_SECRET_KEY'] as const) {
    if (isUsed && environment[name] === undefined) {
      context.addIssue({ code: 'custom', path: [name], message: 'is needed with S3_ENDPOINT' });
    }
    if (!isUsed && environment[name] !== undefined) {
      context.addIssue({ code: 'custom', path: [name], message: 'has no effect without S3_ENDPOINT' });
    }
  }
  if (environment.S3_DELIVERY === 'redirect' && (!isUsed || environment.S3_PUBLIC_ENDPOINT === undefined)) {
    context.addIssue({
      code: 'custom',
      path: ['S3_DELIVERY'],
      message: 'redirect needs S3_ENDPOINT and S3_PUBLIC_ENDPOINT, where clients are sent',
    });
  }
}

/** The S3 that the environment names; null without `S3_ENDPOINT`. */
export function readS3Options(environment: S3Environment): S3Options | null {
  const { S3_ENDPOINT: endpoint, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey } = environment;
  if (endpoint === undefined || accessKey === undefined || secretKey === undefined) return null;
  return {
    endpoint,
    publicEndpoint: environment.S3_PUBLIC_ENDPOINT,
    accessKey,
    secretKey,
    bucket: environment.S3_BUCKET,
    region: environment.S3_REGION,
    delivery: environment.S3_DELIVERY,
  };
}

/** An S3 bucket when `s3` is given, files below `folder` otherwise. */
export function createObjectStore({ s3, folder }: { s3: S3Options | null; folder: string }): Promise<ObjectStore> {
  return s3 === null ? openFileObjectStore({ folder }) : openS3ObjectStore(s3);
}
