package org.fieldcast.app.ui

import androidx.annotation.StringRes
import androidx.compose.runtime.Composable
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.ui.res.stringResource
import org.fieldcast.app.R
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.FieldcastException

/** What happened and what to do, in the user's language. */
@Composable
@ReadOnlyComposable
fun FieldcastException.text(): String = when (this) {
    is FieldcastException.TooManyBoundaries -> plural(R.plurals.error_too_many_villages, most)
    else -> stringResource(textId)
}

/** Why an exchange did not succeed and what to do, in the user's language. */
@Composable
@ReadOnlyComposable
fun EndReason.text(): String = stringResource(textId)

@get:StringRes
val FieldcastException.textId: Int
    get() = when (this) {
        is FieldcastException.LoginNeeded -> R.string.error_login_needed
        is FieldcastException.WrongCredentials -> R.string.error_wrong_credentials
        is FieldcastException.NotAllowed -> R.string.error_not_allowed
        is FieldcastException.Offline -> R.string.error_offline
        is FieldcastException.Metered -> R.string.error_metered
        is FieldcastException.ServerFailed -> R.string.error_server_failed
        is FieldcastException.NotPrepared -> R.string.error_not_prepared
        is FieldcastException.ChooseAgain, is FieldcastException.TooManyBoundaries -> R.string.error_choose_again
        is FieldcastException.NotNearby -> R.string.error_not_nearby
        is FieldcastException.NoNetwork -> R.string.error_no_network
        is FieldcastException.PermissionNeeded -> R.string.error_permission_needed
        is FieldcastException.ConnectionFailed -> R.string.error_connection_failed
        is FieldcastException.StorageFull -> R.string.error_storage_full
        is FieldcastException.StorageFailed -> R.string.error_storage_failed
        is FieldcastException.InUse -> R.string.error_in_use
        is FieldcastException.UpdateNeeded -> R.string.error_update_needed
        is FieldcastException.KeyFailed -> R.string.error_key_failed
        is FieldcastException.UnsentEdits -> R.string.error_unsent_edits
        is FieldcastException.Unreadable -> R.string.error_unreadable
        is FieldcastException.Expired -> R.string.error_expired
        is FieldcastException.NotTrusted -> R.string.error_not_trusted
        is FieldcastException.FileFailed -> R.string.error_file_failed
        is FieldcastException.Refused -> ending.reason.textId
        is FieldcastException.Over -> R.string.error_over
        is FieldcastException.ShutDown, is FieldcastException.Internal -> R.string.error_internal
    }

@get:StringRes
val EndReason.textId: Int
    get() = when (this) {
        EndReason.DECLINED -> R.string.end_declined
        EndReason.NOT_ANSWERED -> R.string.end_not_answered
        EndReason.CANCELLED_BY_DISTRIBUTOR -> R.string.end_cancelled_by_distributor
        EndReason.CANCELLED_BY_RECEIVER -> R.string.end_cancelled_by_receiver
        EndReason.BUSY -> R.string.end_busy
        EndReason.NO_SPACE -> R.string.end_no_space
        EndReason.INCOMPATIBLE -> R.string.end_incompatible
        EndReason.SAME_ROLE -> R.string.end_same_role
        EndReason.PROTOCOL, EndReason.OTHER -> R.string.end_protocol
        EndReason.BAD_DATA, EndReason.DIGEST_DIFFERS -> R.string.end_bad_data
        EndReason.NOT_STORED -> R.string.end_not_stored
        EndReason.NOT_READ -> R.string.end_not_read
        EndReason.LOST -> R.string.end_lost
        EndReason.UNREACHABLE -> R.string.end_unreachable
        EndReason.WRONG_DEVICE -> R.string.end_wrong_device
        EndReason.NOT_SECURE -> R.string.end_not_secure
        EndReason.CODES_DIFFER -> R.string.end_codes_differ
        EndReason.NOT_CONFIRMED -> R.string.end_not_confirmed
        EndReason.DISTRIBUTOR_NOT_GRANTED -> R.string.end_distributor_not_granted
        EndReason.RECEIVER_NOT_GRANTED -> R.string.end_receiver_not_granted
        EndReason.DISTRIBUTOR_REVOKED -> R.string.end_distributor_revoked
        EndReason.RECEIVER_REVOKED -> R.string.end_receiver_revoked
        EndReason.NOT_SIGNED, EndReason.NOT_AUTHENTIC -> R.string.end_not_authentic
        EndReason.SIGNER_REVOKED -> R.string.end_signer_revoked
        EndReason.NOT_INVITED -> R.string.end_not_invited
        EndReason.LOOKED -> R.string.end_looked
        EndReason.CLOCK_DIFFERS -> R.string.end_clock_differs
        EndReason.FORGED_VERSIONS -> R.string.end_forged_versions
        EndReason.SHARED_KEY -> R.string.end_shared_key
    }

/** The text for the receiver's own screen. Most texts are the same on both. */
@get:StringRes
val EndReason.receiverTextId: Int
    get() = when (this) {
        EndReason.DECLINED -> R.string.end_own_declined
        EndReason.NOT_ANSWERED -> R.string.end_own_not_answered
        EndReason.CANCELLED_BY_RECEIVER -> R.string.end_own_cancelled
        EndReason.NO_SPACE -> R.string.end_own_no_space
        EndReason.NOT_STORED -> R.string.end_own_not_stored
        else -> textId
    }
