import { z } from 'zod';
import { evenWithProblems, readEnvironment } from '../../shared/config/environment.js';
import { imageQuotaSettings, type ImageQuota } from '../../shared/config/image-quota-settings.js';
import { numbersOf, numberVariables } from '../../shared/config/number-settings.js';
import { checkS3Variables, readS3Options, s3Variables } from '../../shared/objects/create-object-store.js';
import type { S3Options } from '../../shared/objects/s3-object-store.js';

export interface ImagesConfig {
  /** Null keeps objects as files below `DATA_DIR`. */
  readonly s3: S3Options | null;
  readonly quota: ImageQuota;
}

const variables = z.object({ ...s3Variables, ...numberVariables(imageQuotaSettings) }).superRefine(checkS3Variables, evenWithProblems);

/** Reads what the images subgraph alone needs to know. Throws `ConfigurationError` with all problems at once. */
export function readImagesConfig(environment: Readonly<Record<string, string | undefined>>): ImagesConfig {
  const values = readEnvironment(variables, environment);
  return { s3: readS3Options(values), quota: numbersOf(imageQuotaSettings, values) };
}
