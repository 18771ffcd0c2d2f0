import { GraphQLDateTime } from 'graphql-scalars';
import type { Resolvers } from '../__generated__/resolvers.js';
import { AccountExport } from './AccountExport.js';
import { Image } from './Image.js';
import { completeImageUpload } from './Mutation/completeImageUpload.js';
import { createImageUpload } from './Mutation/createImageUpload.js';
import { deleteImage } from './Mutation/deleteImage.js';
import { removeAvatar } from './Mutation/removeAvatar.js';
import { setAvatar } from './Mutation/setAvatar.js';
import { image } from './Query/image.js';
import { images } from './Query/images.js';
import { imageUsage } from './Query/imageUsage.js';
import { myImages } from './Query/myImages.js';
import { User } from './User.js';

export const resolvers = {
  Query: { image, images, imageUsage, myImages },
  Mutation: { createImageUpload, completeImageUpload, deleteImage, setAvatar, removeAvatar },
  AccountExport,
  Image,
  User,
  DateTime: GraphQLDateTime,
} satisfies Resolvers;
