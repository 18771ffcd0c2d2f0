import { describe, expect, it } from '@jest/globals';
import { isKnown, requestedPart } from './conditional-request.js';

const media = { etag: 'tag', size: 100 };
const whole = { kind: 'Whole' };
const part = (start: number, end: number) => ({ kind: 'Part', range: { start, end } });
const notSatisfiable = { kind: 'NotSatisfiable' };

describe('The part that a request asks for', () => {
  it.each([
    [undefined, whole],
    ['', whole],
    ['bytes', whole],
    ['bytes=', whole],
    ['bytes=-', whole],
    ['bytes=a-b', whole],
    ['bytes=1', whole],
    ['bytes=--1', whole],
    ['bytes=1.5-2', whole],
    ['bytes=5-4', whole],
    ['bytes=0-1,5-6', whole],
    ['items=0-1', whole],
    ['bytes 0-1', whole],
    ['bytes=0-0', part(0, 0)],
    ['bytes=0-99', part(0, 99)],
    ['bytes=0-100', part(0, 99)],
    ['Bytes= 0-1 ', part(0, 1)],
    [`bytes=0-${'9'.repeat(400)}`, part(0, 99)],
    ['bytes=98-', part(98, 99)],
    ['bytes=99-', part(99, 99)],
    ['bytes=100-', notSatisfiable],
    ['bytes=100-200', notSatisfiable],
    [`bytes=${'9'.repeat(400)}-`, notSatisfiable],
    ['bytes=-1', part(99, 99)],
    ['bytes=-100', part(0, 99)],
    ['bytes=-101', part(0, 99)],
    ['bytes=-0', notSatisfiable],
  ])('with Range %j', (range, expected) => {
    expect(requestedPart(range === undefined ? {} : { range }, media)).toEqual(expected);
  });

  it.each([
    ['"tag"', part(0, 1)],
    ['"other"', whole],
    ['W/"tag"', whole],
    ['tag', whole],
    ['"tag", "other"', whole],
    ['Sat, 21 Nov 2026 00:00:00 GMT', whole],
    ['', whole],
  ])('with If-Range %j', (ifRange, expected) => {
    expect(requestedPart({ range: 'bytes=0-1', 'if-range': ifRange }, media)).toEqual(expected);
  });
});

describe('What the client has already', () => {
  it.each(['"tag"', 'W/"tag"', '"other", "tag"', '"other",W/"tag"', '*'])('is known by %s', (tags) => {
    expect(isKnown({ 'if-none-match': tags }, 'tag')).toBe(true);
  });

  it.each([undefined, '', '"other"', 'tag', '"TAG"', '"tag', 'W/tag'])('is not known by %s', (tags) => {
    expect(isKnown(tags === undefined ? {} : { 'if-none-match': tags }, 'tag')).toBe(false);
  });
});
