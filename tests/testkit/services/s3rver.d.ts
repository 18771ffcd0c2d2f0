/** What the tests use of s3rver, which brings no types. */
declare module 's3rver' {
  interface Stored {
    readonly bucket: string;
    readonly key: string;
  }
  interface Store {
    putObject(object: Stored): Promise<{ readonly size: number }>;
    getResourcePath(bucket: string, key: string, resource: 'object'): string;
  }
  export default class S3rver {
    readonly store: Store;
    constructor(options: { address: string; port: number; silent: boolean; directory: string });
    run(): Promise<{ port: number }>;
    close(): Promise<void>;
  }
}
