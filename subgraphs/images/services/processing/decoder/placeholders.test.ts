import { describe, expect, it } from '@jest/globals';
import { dominantColor } from './dominant-color.js';
import { thumbHash, type Pixels } from './thumb-hash.js';

type Rgba = readonly [number, number, number, number];

function draw(width: number, height: number, color: (x: number, y: number) => Rgba): Pixels {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) rgba.set(color(x, y), (y * width + x) * 4);
  return { width, height, rgba };
}

describe('A ThumbHash', () => {
  const drawings: Record<string, (x: number, y: number) => Rgba> = {
    gradient: (x, y) => [(x * 5) % 256, (y * 7) % 256, ((x + y) * 3) % 256, 255],
    'half clear': (x, y) => [(x * 5) % 256, (y * 7) % 256, 128, (x * 9) % 256],
    nothing: () => [9, 8, 7, 0],
  };

  // What the package thumbhash 0.1.1 of its inventor answers for the same pixels.
  it.each([
    ['gradient', 96, 72, '3/cJHYpVkGlzg4hnqAeHeGCUJ/SY'],
    ['gradient', 40, 96, 'nNcJKxRwVweWpmS0gcUPl6g='],
    ['gradient', 1, 1, 'AAgCBwAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['gradient', 96, 1, 'U+Yqcbxmd3iIiAiZq4dvhwg='],
    ['half clear', 96, 72, '3weGDIQXZqODiIcISAVoVH9ZQoCId3iIBw=='],
    ['half clear', 40, 96, 'XeeBCgQmkYZIaAighQOqxwWZeIeHiHg='],
    ['half clear', 96, 1, 'Ffaqgb53d4eIiIB3h3+HCHd3iIiAePg='],
    ['nothing', 96, 72, 'AAiCBIAAAAAAAAAAAAAAAAAAAAAAAAAAAA=='],
    ['nothing', 1, 1, 'AAiCBQAAAAAAAAAAAAAAAAAAAAAAAAAAAA=='],
  ])('of a %s of %d × %d pixels is what clients expect', (name, width, height, expected) => {
    const drawing = drawings[name];
    expect(drawing && Buffer.from(thumbHash(draw(width, height, drawing))).toString('base64')).toBe(expected);
  });
});

describe('The dominant colour', () => {
  it('is the mean of the fullest group of similar colours', () => {
    const mostlyRed = draw(10, 10, (x, y) => (x < 6 ? [200 + (y % 2) * 2, 10, 10, 255] : [x * 20, y * 20, 200, 255]));
    expect(dominantColor(mostlyRed)).toBe('#c90a0a');
  });

  it('counts pixels as much as they are opaque', () => {
    const picture = draw(10, 10, (x) => (x < 8 ? [0, 0, 255, 40] : [255, 0, 0, 255]));
    expect(dominantColor(picture)).toBe('#ff0000');
  });

  it('of nothing is black', () => {
    expect(dominantColor(draw(4, 4, () => [255, 255, 255, 0]))).toBe('#000000');
  });
});
