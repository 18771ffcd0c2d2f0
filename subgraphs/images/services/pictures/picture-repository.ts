import type { Onlooker } from '../gallery/onlooker.js';
import type { PictureType, VariantName } from '../processing/picture-processing.js';
import type { Reservation } from './object-removals.js';
import type { Picture } from './picture.js';

/** Finds the picture behind a public address. */
export interface PublishedPictures {
  /** The picture of the image of this name (`parseImageName`), whoever asks; null when there is none any more. */
  find(imageName: string): Promise<Picture | null>;
}

export interface PictureRepository extends PublishedPictures {
  /** Whether there is a picture of this digest, and the onlooker may see an image of it. */
  isShownTo(onlooker: Onlooker, digest: string): Promise<boolean>;
  /**
   * Remembers that a variant of the picture is stored in one more type: its object, under `variantKey`, must be all that `reservation`
   * holds. False when the picture is gone, or the reservation was not kept up: then nobody serves the object.
   */
  addFormat(picture: Pick<Picture, 'id'>, format: AddedFormat, reservation: Reservation): Promise<boolean>;
}

export interface AddedFormat {
  readonly name: VariantName;
  readonly type: PictureType;
  /** In bytes. */
  readonly size: number;
}
