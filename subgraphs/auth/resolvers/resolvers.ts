import { GraphQLDateTime } from 'graphql-scalars';
import type { MutationResolvers, QueryResolvers, Resolvers } from '../__generated__/resolvers.js';
import { beginTotpEnrollment } from './Mutation/beginTotpEnrollment.js';
import { changeEmail } from './Mutation/changeEmail.js';
import { changePassword } from './Mutation/changePassword.js';
import { confirmTotpEnrollment } from './Mutation/confirmTotpEnrollment.js';
import { disableTotp } from './Mutation/disableTotp.js';
import { login } from './Mutation/login.js';
import { logout } from './Mutation/logout.js';
import { refreshSession } from './Mutation/refreshSession.js';
import { regenerateRecoveryCodes } from './Mutation/regenerateRecoveryCodes.js';
import { register } from './Mutation/register.js';
import { requestEmailVerification } from './Mutation/requestEmailVerification.js';
import { requestPasswordReset } from './Mutation/requestPasswordReset.js';
import { resetPassword } from './Mutation/resetPassword.js';
import { verifyEmail } from './Mutation/verifyEmail.js';
import { verifyMfa } from './Mutation/verifyMfa.js';
import { me } from './Query/me.js';
import { user } from './Query/user.js';
import { userByUsername } from './Query/userByUsername.js';
import { User } from './User.js';

export const resolvers = {
  Query: { me, user, userByUsername } satisfies QueryResolvers,
  Mutation: {
    register,
    login,
    refreshSession,
    logout,
    changePassword,
    requestPasswordReset,
    resetPassword,
    changeEmail,
    requestEmailVerification,
    verifyEmail,
    verifyMfa,
    beginTotpEnrollment,
    confirmTotpEnrollment,
    disableTotp,
    regenerateRecoveryCodes,
  } satisfies MutationResolvers,
  User,
  DateTime: GraphQLDateTime,
} satisfies Resolvers;
