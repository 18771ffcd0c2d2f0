import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';

export interface S3Access {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
}

/** An S3 of our own on a free port. It speaks the protocol but does not check Signature V4; see `realS3` for one that does. */
export async function startS3(): Promise<S3Access & { close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxia-s3rver-'));
  const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory: folder });
  acknowledgeWhatIsWritten(server);
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    accessKey: 'S3RVER',
    secretKey: 'S3RVER',
    region: 'us-east-1',
    async close() {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** s3rver answers a PUT once it has read the body, when a file of it may still be empty; no S3 does. */
function acknowledgeWhatIsWritten({ store }: S3rver): void {
  const put = store.putObject.bind(store);
  store.putObject = async (object) => {
    const stored = await put(object);
    const path = store.getResourcePath(object.bucket, object.key, 'object');
    while ((await stat(path)).size < stored.size) await new Promise(setImmediate);
    return stored;
  };
}

/** The S3 named by `S3_TEST_ENDPOINT`, `S3_TEST_ACCESS_KEY`, `S3_TEST_SECRET_KEY` and `S3_TEST_REGION`, if one is. */
export function realS3(): S3Access | null {
  const endpoint = process.env.S3_TEST_ENDPOINT;
  if (endpoint === undefined) return null;
  return {
    endpoint,
    accessKey: process.env.S3_TEST_ACCESS_KEY ?? '',
    secretKey: process.env.S3_TEST_SECRET_KEY ?? '',
    region: process.env.S3_TEST_REGION ?? 'us-east-1',
  };
}
