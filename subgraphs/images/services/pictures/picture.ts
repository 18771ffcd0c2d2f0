import { variantNames, type PictureType, type VariantName } from '../processing/picture-processing.js';

/** The bytes of one picture, shared by every image that shows it. */
export interface Picture {
  readonly id: string;
  /** 32 hexadecimal digits; names its objects in the store, and is never shown. */
  readonly objectName: string;
  readonly contentType: PictureType;
  /** Of the full picture, in bytes. */
  readonly size: number;
  readonly width: number;
  readonly height: number;
  /** The smallest first. */
  readonly variants: readonly PictureVariant[];
  /** ThumbHash, base64; null for a picture of an older version. */
  readonly placeholder: string | null;
  /** `#rrggbb`; null for a picture of an older version. */
  readonly dominantColor: string | null;
}

export interface PictureVariant {
  readonly name: VariantName;
  readonly width: number;
  readonly height: number;
  /** In which types it is stored, and how many bytes each has. All have WebP; AVIF is made when somebody asks for it. */
  readonly formats: Readonly<Partial<Record<PictureType, number>>>;
}

const extensions: Readonly<Record<PictureType, string>> = { 'image/webp': 'webp', 'image/avif': 'avif' };

/** Key of the full picture in the object store. */
export function pictureKey({ objectName, contentType }: Pick<Picture, 'objectName' | 'contentType'>): string {
  return `images/${objectName}.${extensions[contentType]}`;
}

/** Key of a variant in the object store. */
export function variantKey({ objectName }: Pick<Picture, 'objectName'>, name: VariantName, type: PictureType): string {
  return `images/${objectName}-${name}.${extensions[type]}`;
}

/** Keys of all objects that the picture has by now. */
export function pictureKeys(picture: Picture): readonly string[] {
  return [
    pictureKey(picture),
    ...picture.variants.flatMap(({ name, formats }) =>
      pictureTypes.filter((type) => type in formats).map((type) => variantKey(picture, name, type)),
    ),
  ];
}

const pictureTypes = Object.keys(extensions) as readonly PictureType[];

export function isVariantName(text: string): text is VariantName {
  return variantNames.some((name) => name === text);
}
