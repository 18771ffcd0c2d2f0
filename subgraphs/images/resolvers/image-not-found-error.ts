/** Also of an image that is somebody else's: its id must not become a way to learn that it exists. */
export const imageNotFoundError = {
  __typename: 'ImageNotFoundError',
  code: 'IMAGE_NOT_FOUND',
  message: 'You have no image of this id.',
} as const;
