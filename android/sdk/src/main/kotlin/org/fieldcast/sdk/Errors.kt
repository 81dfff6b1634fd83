package org.fieldcast.sdk

import org.fieldcast.sdk.core.FieldcastException

/**
 * Advice in English, for a log or for a screen without its own text for this error. Do not show `message`: it contains
 * the names of the fields.
 */
val FieldcastException.advice: String
    get() = when (this) {
        is FieldcastException.LoginNeeded -> reason
        is FieldcastException.WrongCredentials -> reason
        is FieldcastException.NotAllowed -> reason
        is FieldcastException.Offline -> reason
        is FieldcastException.Metered -> reason
        is FieldcastException.ServerFailed -> reason
        is FieldcastException.NotPrepared -> reason
        is FieldcastException.ChooseAgain -> reason
        is FieldcastException.TooManyBoundaries -> reason
        is FieldcastException.NotNearby -> reason
        is FieldcastException.NoNetwork -> reason
        is FieldcastException.PermissionNeeded -> reason
        is FieldcastException.ConnectionFailed -> reason
        is FieldcastException.StorageFull -> reason
        is FieldcastException.StorageFailed -> reason
        is FieldcastException.InUse -> reason
        is FieldcastException.UpdateNeeded -> reason
        is FieldcastException.KeyFailed -> reason
        is FieldcastException.UnsentEdits -> reason
        is FieldcastException.Unreadable -> reason
        is FieldcastException.Expired -> reason
        is FieldcastException.NotTrusted -> reason
        is FieldcastException.FileFailed -> reason
        is FieldcastException.Refused -> ending.detail
        is FieldcastException.Over -> reason
        is FieldcastException.ShutDown -> reason
        is FieldcastException.Internal -> reason
    }
