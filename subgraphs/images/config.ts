import { z } from 'zod';
import { evenWithProblems, readEnvironment } from '../../shared/config/environment.js';
import { checkS3Variables, readS3Options, s3Variables } from '../../shared/objects/create-object-store.js';
import type { S3Options } from '../../shared/objects/s3-object-store.js';

export interface ImagesConfig {
  /** Null keeps objects as files below `DATA_DIR`. */
  readonly s3: S3Options | null;
}

const variables = z.object(s3Variables).superRefine(checkS3Variables, evenWithProblems);

/** Reads what the images subgraph alone needs to know. Throws `ConfigurationError` with all problems at once. */
export function readImagesConfig(environment: Readonly<Record<string, string | undefined>>): ImagesConfig {
  return { s3: readS3Options(readEnvironment(variables, environment)) };
}
