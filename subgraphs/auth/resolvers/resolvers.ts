import { GraphQLDateTime } from 'graphql-scalars';
import type { MutationResolvers, QueryResolvers, Resolvers } from '../__generated__/resolvers.js';
import { AuditEvent } from './AuditEvent.js';
import { beginPasskeyConfirmation } from './Mutation/beginPasskeyConfirmation.js';
import { beginPasskeyLogin } from './Mutation/beginPasskeyLogin.js';
import { beginPasskeyRegistration } from './Mutation/beginPasskeyRegistration.js';
import { beginTotpEnrollment } from './Mutation/beginTotpEnrollment.js';
import { cancelAccountDeletion } from './Mutation/cancelAccountDeletion.js';
import { changeEmail } from './Mutation/changeEmail.js';
import { changePassword } from './Mutation/changePassword.js';
import { changeUsername } from './Mutation/changeUsername.js';
import { confirmTotpEnrollment } from './Mutation/confirmTotpEnrollment.js';
import { deleteAccount } from './Mutation/deleteAccount.js';
import { disableTotp } from './Mutation/disableTotp.js';
import { disableUser } from './Mutation/disableUser.js';
import { enableUser } from './Mutation/enableUser.js';
import { endUserSessions } from './Mutation/endUserSessions.js';
import { exportAccount } from './Mutation/exportAccount.js';
import { finishPasskeyLogin } from './Mutation/finishPasskeyLogin.js';
import { finishPasskeyRegistration } from './Mutation/finishPasskeyRegistration.js';
import { linkCredentials } from './Mutation/linkCredentials.js';
import { login } from './Mutation/login.js';
import { loginWithDevice } from './Mutation/loginWithDevice.js';
import { logout } from './Mutation/logout.js';
import { refreshSession } from './Mutation/refreshSession.js';
import { regenerateRecoveryCodes } from './Mutation/regenerateRecoveryCodes.js';
import { register } from './Mutation/register.js';
import { removePasskey } from './Mutation/removePasskey.js';
import { requestEmailVerification } from './Mutation/requestEmailVerification.js';
import { requestPasswordReset } from './Mutation/requestPasswordReset.js';
import { resetPassword } from './Mutation/resetPassword.js';
import { setUserRoles } from './Mutation/setUserRoles.js';
import { verifyEmail } from './Mutation/verifyEmail.js';
import { verifyMfa } from './Mutation/verifyMfa.js';
import { auditLog } from './Query/auditLog.js';
import { me } from './Query/me.js';
import { passkeys } from './Query/passkeys.js';
import { user } from './Query/user.js';
import { userByUsername } from './Query/userByUsername.js';
import { usernameAvailability } from './Query/usernameAvailability.js';
import { User } from './User.js';

export const resolvers = {
  Query: { me, user, userByUsername, usernameAvailability, passkeys, auditLog } satisfies QueryResolvers,
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
    loginWithDevice,
    linkCredentials,
    changeUsername,
    exportAccount,
    deleteAccount,
    cancelAccountDeletion,
    disableUser,
    enableUser,
    endUserSessions,
    setUserRoles,
    beginPasskeyRegistration,
    finishPasskeyRegistration,
    beginPasskeyConfirmation,
    beginPasskeyLogin,
    finishPasskeyLogin,
    removePasskey,
  } satisfies MutationResolvers,
  AuditEvent,
  User,
  DateTime: GraphQLDateTime,
} satisfies Resolvers;
