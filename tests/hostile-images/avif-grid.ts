import { encodeAs, plain } from '../testkit/product/pictures.js';
import { box, numbers } from './file-formats.js';

const tileSide = 64;

/** An AVIF that shows the same tile of 64 × 64 pixels again and again: some 30 bytes for a million pixels. */
export async function avifGrid({ columns, rows }: { columns: number; rows: number }): Promise<Buffer> {
  const tile = await encodeAs('image/avif', plain(tileSide, tileSide));
  const configuration = findBox(tile, 'av1C');
  const pixels = findBox(tile, 'mdat').subarray(8);

  const fullBox = numbers([0, 4]);
  const ftyp = box('ftyp', Buffer.from('avif\0\0\0\0avifmif1miaf', 'latin1'));
  const grid = numbers([0, 1], [1, 1], [rows - 1, 1], [columns - 1, 1], [columns * tileSide, 4], [rows * tileSide, 4]);
  const size = (width: number, height: number) => box('ispe', fullBox, numbers([width, 4], [height, 4]));
  const item = (id: number, type: string) => box('infe', numbers([2, 1], [0, 3], [id, 2], [0, 2]), Buffer.from(`${type}\0`, 'latin1'));
  const references = Buffer.concat([numbers([1, 2], [columns * rows, 2]), Buffer.alloc(columns * rows * 2, numbers([2, 2]))]);

  const meta = (offset: number) =>
    box(
      'meta',
      fullBox,
      box('hdlr', fullBox, Buffer.from('\0\0\0\0pict', 'latin1'), Buffer.alloc(13)),
      box('pitm', fullBox, numbers([1, 2])),
      // Version 1: the grid stands in `idat`, the tile in the file.
      box(
        'iloc',
        numbers([1, 1], [0, 3], [0x44, 1], [0, 1], [2, 2]),
        numbers([1, 2], [1, 2], [0, 2], [1, 2], [0, 4], [grid.length, 4]),
        numbers([2, 2], [0, 2], [0, 2], [1, 2], [offset, 4], [pixels.length, 4]),
      ),
      box('iinf', fullBox, numbers([2, 2]), item(1, 'grid'), item(2, 'av01')),
      box('iref', fullBox, box('dimg', references)),
      box(
        'iprp',
        box('ipco', size(columns * tileSide, rows * tileSide), size(tileSide, tileSide), configuration),
        box('ipma', fullBox, numbers([2, 4], [1, 2], [1, 1], [1, 1], [2, 2], [2, 1], [2, 1], [0x83, 1])),
      ),
      box('idat', grid),
    );
  const offset = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(offset), box('mdat', pixels)]);
}

/** The first box of this name, wherever it stands. */
export function findBox(file: Buffer, name: string): Buffer {
  const at = file.indexOf(name, 0, 'latin1') - 4;
  if (at < 0) throw new Error(`The file has no box ${name}`);
  return file.subarray(at, at + file.readUInt32BE(at));
}
