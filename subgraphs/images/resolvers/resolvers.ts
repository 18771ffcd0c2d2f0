import { GraphQLDateTime } from 'graphql-scalars';
import type { Resolvers } from '../__generated__/resolvers.js';
import { AccountExport } from './AccountExport.js';
import { Image } from './Image.js';
import { completeImageUpload } from './Mutation/completeImageUpload.js';
import { createImageUpload } from './Mutation/createImageUpload.js';
import { setAvatar } from './Mutation/setAvatar.js';
import { images } from './Query/images.js';
import { myImages } from './Query/myImages.js';
import { User } from './User.js';

export const resolvers = {
  Query: { images, myImages },
  Mutation: { createImageUpload, completeImageUpload, setAvatar },
  AccountExport,
  Image,
  User,
  DateTime: GraphQLDateTime,
} satisfies Resolvers;
