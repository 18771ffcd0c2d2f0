import type { RequestFiles } from './request-files.js';

/** The body of a request with files, piece by piece as they come. `operations` is the JSON of the request without them. */
export async function* writeForm(
  operations: string,
  files: RequestFiles,
  boundary: string,
): AsyncGenerator<Buffer | string, void, undefined> {
  const map = JSON.stringify(Object.fromEntries(files.paths.map((paths, index) => [String(index), paths])));
  yield `${part(boundary, 'name="operations"')}${operations}\r\n${part(boundary, 'name="map"')}${map}`;
  for (let file = await files.next(); file !== undefined; file = await files.next()) {
    const { index, fileName, contentType, body } = file;
    const type = `content-type: ${contentType ?? 'application/octet-stream'}\r\n`;
    yield `\r\n${part(boundary, `name="${index}"; filename="${escapeName(fileName)}"`, type)}`;
    yield* body;
  }
  yield `\r\n--${boundary}--\r\n`;
}

function part(boundary: string, disposition: string, headers = ''): string {
  return `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n${headers}\r\n`;
}

/** As browsers do it, and backslashes too, which some readers take for the beginning of an escape. */
function escapeName(name: string): string {
  return name.replace(/["\\\r\n]/g, (letter) => encodeURIComponent(letter));
}
