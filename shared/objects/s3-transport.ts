import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

type Callback = (response: IncomingMessage) => void;

export interface S3Transport {
  readonly agent: HttpAgent;
  /** For the `minio` client. */
  readonly transport: { readonly request: typeof httpRequest };
}

/** How the `minio` client talks to the store: over connections that are kept, and never without an end. */
export function createS3Transport({ useSSL, silenceMs }: { useSSL: boolean; silenceMs: number }): S3Transport {
  const send = useSSL ? httpsRequest : httpRequest;

  function sendInTime(options: RequestOptions | string | URL, callback?: Callback): ClientRequest;
  function sendInTime(url: string | URL, options: RequestOptions, callback?: Callback): ClientRequest;
  function sendInTime(target: RequestOptions | string | URL, second?: RequestOptions | Callback, third?: Callback): ClientRequest {
    const callback = typeof second === 'function' ? second : third;
    const options = typeof second === 'function' ? {} : second;
    const answered = (response: IncomingMessage) => {
      const { statusCode = 500 } = response;
      // `minio` would write a line to the console, wait, ask again, and leave the first answer unread, which holds its connection.
      if (statusCode >= 500 || statusCode === 429 || statusCode === 408) {
        response.resume();
        sent.emit('error', new Error(`The object store answered ${statusCode}`));
      } else callback?.(response);
    };
    const isUrl = typeof target === 'string' || target instanceof URL;
    const sent = isUrl ? send(target, { ...options, timeout: silenceMs }, answered) : send({ ...target, timeout: silenceMs }, answered);
    // It waits for ever on a server that accepts a connection and then says nothing.
    return sent.on('timeout', () => sent.destroy(new Error('The object store does not answer')));
  }

  return {
    agent: useSSL ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true }),
    transport: { request: sendInTime },
  };
}
