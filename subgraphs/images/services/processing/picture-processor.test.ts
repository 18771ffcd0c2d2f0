import { afterAll, describe, expect, it } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { createLogger } from '../../../../shared/logging/logger.js';
import { encodeAs, pattern, plain, redAndBlue } from '../../../../tests/testkit/product/pictures.js';
import { publishPicture } from '../../../../tests/testkit/product/process-picture.js';
import { createPictureProcessor } from './picture-processor.js';
import { variantNames, variantSides } from './picture-processing.js';

const processor = createPictureProcessor({ logger: createLogger({ name: 'test', level: 'silent' }) });
afterAll(() => processor.close());

const publish = (bytes: Buffer, declaredType = 'image/png', purpose: 'AVATAR' | 'GALLERY' = 'GALLERY') =>
  publishPicture(processor, bytes, { declaredType, purpose });

describe('The picture processor', () => {
  it('SECURITY 48: publishes nothing of the HTML behind or inside a GIF', async () => {
    const script = '<script>alert(document.domain)</script>';
    const gif = await encodeAs('image/gif', redAndBlue());
    const comment = Buffer.concat([Buffer.from([0x21, 0xfe, script.length]), Buffer.from(script), Buffer.from([0])]);
    const polyglots = [
      Buffer.concat([gif, Buffer.from(script)]),
      // A comment extension before the trailer: still a valid GIF.
      Buffer.concat([gif.subarray(0, -1), comment, gif.subarray(-1)]),
    ];
    for (const bytes of polyglots) {
      const { full } = await publish(bytes, 'image/gif');
      expect(full.contentType).toBe('image/webp');
      expect(full.bytes.includes('script')).toBe(false);
    }
  });

  it('SECURITY 48: publishes no metadata in any file, and applies the orientation', async () => {
    const jpeg = await redAndBlue()
      .resize(400, 200)
      .withExif({
        IFD0: { Copyright: 'SECRET-OWNER', Make: 'SECRET-CAMERA' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100', GPSLongitudeRef: 'W', GPSLongitude: '0/1 7/1 4366/100' },
      })
      .withIccProfile('p3')
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const before = await sharp(jpeg).metadata();
    expect(before.orientation).toBe(6);
    expect(before.exif?.includes('SECRET-OWNER')).toBe(true);

    const { full, variants } = await publish(jpeg, 'image/jpeg');
    // 400 × 200, turned by a quarter.
    expect(full).toMatchObject({ width: 200, height: 400 });
    expect(variants.map(({ name }) => name)).toEqual(['thumb', 'small']);
    for (const { bytes, width, height } of [full, ...variants]) {
      const after = await sharp(bytes).metadata();
      expect(after).toMatchObject({ format: 'webp', width, height });
      for (const trace of ['exif', 'icc', 'xmp', 'iptc', 'orientation'] as const) expect(after[trace]).toBeUndefined();
      expect(bytes.includes('SECRET')).toBe(false);
      // The left half was red; turned clockwise it is the upper half.
      const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const pixel = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
      expect(pixel(width >> 1, height >> 2)[0]).toBeGreaterThan(200);
      expect(pixel(width >> 1, height - (height >> 2))[2]).toBeGreaterThan(200);
    }
  });

  it('SECURITY 48: publishes the first frame of an animation', async () => {
    const frames = Buffer.concat([Buffer.alloc(20 * 20 * 3, 10), Buffer.alloc(20 * 20 * 3, 240)]);
    for (const type of ['image/gif', 'image/webp'] as const) {
      const animation = sharp(frames, { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } });
      const bytes = await encodeAs(type, animation);
      expect((await sharp(bytes).metadata()).pages).toBe(2);
      const { full } = await publish(bytes, type);
      expect(full).toMatchObject({ width: 20, height: 20 });
      expect((await sharp(full.bytes).metadata()).pages).toBeUndefined();
    }
  });

  it('keeps transparency', async () => {
    const half = sharp({ create: { width: 200, height: 100, channels: 4, background: { r: 0, g: 255, b: 0, alpha: 0.5 } } });
    const { full, variants, dominantColor } = await publish(await half.png().toBuffer());
    for (const { bytes } of [full, ...variants]) expect(await sharp(bytes).metadata()).toMatchObject({ hasAlpha: true });
    expect(dominantColor).toBe('#00ff00');
  });

  it('publishes pictures of every kind of pixels', async () => {
    const grey = () => sharp(Buffer.alloc(200 * 100, 0x80), { raw: { width: 200, height: 100, channels: 1 } });
    const pictures = {
      grey: await grey().png().toBuffer(),
      'grey with alpha': await grey().ensureAlpha(0.5).toColourspace('b-w').png().toBuffer(),
      '16 bits': await grey().toColourspace('rgb16').png().toBuffer(),
      palette: await grey().png({ palette: true }).toBuffer(),
      CMYK: await plain(200, 100, '#808080').toColourspace('cmyk').jpeg().toBuffer(),
    };
    for (const [kind, bytes] of Object.entries(pictures)) {
      const { full, dominantColor } = await publish(bytes, kind === 'CMYK' ? 'image/jpeg' : 'image/png');
      expect([kind, full.width, full.height]).toEqual([kind, 200, 100]);
      expect([kind, dominantColor]).toEqual([kind, expect.stringMatching(/^#([78][0-9a-f]){3}$/)]);
    }
  });

  it.each([
    ['AVATAR', 1024],
    ['GALLERY', 4096],
  ] as const)('publishes %s images of at most %d pixels a side, and smaller ones as they are', async (purpose, side) => {
    const wide = (width: number) => encodeAs('image/png', plain(width, 100));
    expect((await publish(await wide(side), 'image/png', purpose)).full).toMatchObject({ width: side, height: 100 });
    expect((await publish(await wide(side * 2), 'image/png', purpose)).full).toMatchObject({ width: side, height: 50 });
    expect((await publish(await wide(side - 1), 'image/png', purpose)).full).toMatchObject({ width: side - 1, height: 100 });
  });

  it.each(variantNames)('makes the variant %s of pictures that are larger, and not of others', async (name) => {
    const side = variantSides[name];
    const smaller = variantNames.slice(0, variantNames.indexOf(name));
    for (const turned of [false, true]) {
      const of = async (longest: number) => {
        const { variants } = await publish(await encodeAs('image/png', turned ? plain(50, longest) : plain(longest, 50)));
        return variants;
      };
      expect((await of(side)).map((variant) => variant.name)).toEqual(smaller);
      const variants = await of(side + 1);
      expect(variants.map((variant) => variant.name)).toEqual([...smaller, name]);
      expect(Math.max(variants.at(-1)?.width ?? 0, variants.at(-1)?.height ?? 0)).toBe(side);
    }
  });

  it('says the true size of every file', async () => {
    const { full, variants } = await publish(await encodeAs('image/png', pattern(900, 700)));
    expect(variants.map(({ name, width, height }) => ({ name, width, height }))).toEqual([
      { name: 'thumb', width: 96, height: 75 },
      { name: 'small', width: 320, height: 249 },
      { name: 'medium', width: 800, height: 622 },
    ]);
    for (const { bytes, size, width, height } of [full, ...variants]) {
      expect(size).toBe(bytes.length);
      expect(await sharp(bytes).metadata()).toMatchObject({ width, height });
    }
  });

  it('encodes a variant as AVIF', async () => {
    await processor.inTurn('variant', async (work) => {
      const path = join(work.folder, 'upload');
      await writeFile(path, await encodeAs('image/png', pattern(400, 300)));
      const result = await work.process(path, { declaredType: 'image/png', purpose: 'GALLERY' });
      if (result.kind === 'Rejected') throw new Error(result.code);
      const avif = await work.encodeVariant(result.full.path, { name: 'small', format: 'image/avif' });
      expect(avif).toMatchObject({ contentType: 'image/avif', width: 320, height: 240 });
      const bytes = await readFile(avif.path);
      expect(bytes.length).toBe(avif.size);
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'heif', compression: 'av1', width: 320, height: 240 });
      // The variant of the same name in the other type is still there.
      expect(await sharp(result.variants[1]?.path).metadata()).toMatchObject({ format: 'webp', width: 320, height: 240 });
    });
  });

  it('gives every work a folder of its own, which is gone afterwards, also when the work fails', async () => {
    const folders: string[] = [];
    const failing = processor.inTurn('upload', async (work) => {
      folders.push(work.folder);
      await writeFile(join(work.folder, 'upload'), 'bytes');
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    await processor.inTurn('upload', (work) => Promise.resolve(folders.push(work.folder)));
    expect(new Set(folders).size).toBe(2);
    for (const folder of folders) await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('does not call a picture damaged when its file cannot be read', async () => {
    const missing = processor.inTurn('upload', (work) =>
      work.process(join(work.folder, 'nothing'), { declaredType: 'image/png', purpose: 'GALLERY' }),
    );
    await expect(missing).rejects.toThrow(/could not work: .*ENOENT/);
  });
});
