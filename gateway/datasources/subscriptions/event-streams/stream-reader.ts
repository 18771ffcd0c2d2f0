import type { UpstreamMessage } from '../../subgraph-data-source.js';

/** Makes messages of what a subgraph writes, however its bytes are cut. Messages above the limit are an error, so that it keeps no more than this. */
export interface StreamReader {
  /** Throws when it is not what was agreed on. Nothing comes after the end. */
  push(chunk: Buffer): void;
  /** The subgraph has closed the stream. */
  finish(): void;
}

export interface StreamReaderOptions {
  /** Of one message. */
  readonly maxMessageBytes: number;
  /** In their order. After anything but an event nothing follows. */
  readonly onMessage: (message: UpstreamMessage) => void;
}
