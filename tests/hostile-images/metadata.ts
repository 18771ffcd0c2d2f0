import { deflateSync } from 'node:zlib';
import { encodeAs, pictureTypes, pngChunk, redAndBlue } from '../testkit/product/pictures.js';
import { gifExtension, gifFile, withJpegSegments, withPngChunks } from './file-formats.js';
import { mark, type HostileFiles } from './hostile-file.js';

const xmp = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="${mark}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;

/** Pictures that tell where, when and by whom they were taken. */
export const tellTales: HostileFiles = {
  ...Object.fromEntries(
    pictureTypes
      .filter((type) => type !== 'image/gif')
      .map((type) => [
        `${type} with EXIF, GPS, ICC and XMP`,
        async () => {
          const image = redAndBlue()
            .withExif({
              IFD0: { Copyright: mark, Artist: mark, Make: mark },
              IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100', GPSProcessingMethod: mark },
            })
            .withIccProfile('p3')
            .withXmp(xmp);
          return { type, bytes: await encodeAs(type, image), expected: 'published' as const };
        },
      ]),
  ),
  'a PNG with texts of every kind': async () => ({
    type: 'image/png',
    bytes: withPngChunks(
      await encodeAs('image/png', redAndBlue()),
      pngChunk('tEXt', Buffer.from(`Comment\0${mark}`)),
      pngChunk('zTXt', Buffer.concat([Buffer.from('Author\0\0'), deflateSync(Buffer.from(mark))])),
      pngChunk('iTXt', Buffer.from(`XML:com.adobe.xmp\0\0\0\0\0${xmp}`)),
      pngChunk('tIME', Buffer.from([7, 230, 1, 2, 3, 4, 5])),
    ),
    expected: 'published',
  }),
  'a GIF with a comment, a text and XMP': () => ({
    type: 'image/gif',
    bytes: gifFile({
      width: 10,
      height: 10,
      frames: 1,
      extensions: [
        gifExtension(0xfe, mark),
        Buffer.concat([Buffer.from('21ff0b', 'hex'), Buffer.from('XMP DataXMP'), gifExtension(0, mark).subarray(2)]),
      ],
    }),
    expected: 'published',
  }),
  'a JPEG with comments, IPTC and a thumbnail': async () => {
    const jpeg = await encodeAs('image/jpeg', redAndBlue());
    return {
      type: 'image/jpeg',
      bytes: withJpegSegments(
        jpeg,
        { marker: 0xfe, data: Buffer.from(mark) },
        { marker: 0xed, data: Buffer.from(`Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x10\x1c\x02\x78\0\x0b${mark}`, 'latin1') },
        { marker: 0xec, data: Buffer.from(`Ducky\0${mark}`) },
        { marker: 0xe1, data: Buffer.concat([Buffer.from('http://ns.adobe.com/xap/1.0/\0'), Buffer.from(xmp)]) },
      ),
      expected: 'published',
    };
  },
};
