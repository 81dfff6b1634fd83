package org.fieldcast.app.ui.trouble

import android.content.ClipData
import android.content.Context
import android.content.Intent
import androidx.activity.compose.BackHandler
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.platform.LocalContext
import androidx.core.content.FileProvider
import androidx.lifecycle.compose.LifecycleResumeEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import java.io.File
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.fieldcast.app.R
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator
import org.fieldcast.app.ui.Place
import org.fieldcast.app.ui.parts.openSystemPage
import org.fieldcast.app.ui.parts.rememberPermissionRequest

/** Shows what keeps this phone from sending and receiving. */
@Composable
fun TroubleRoute(state: AppState, navigator: Navigator) {
    val model = viewModel { TroubleViewModel(state) }
    val now by model.state.collectAsStateWithLifecycle()
    val diagnostics by model.diagnostics.collectAsStateWithLifecycle()
    val context = LocalContext.current
    val permissions = rememberPermissionRequest(
        onRefused = { context.openSystemPage(SystemSettings.pages(context, Remedy.ASK_PERMISSIONS)) },
        onChange = model::lookAtSettings,
    )
    LifecycleResumeEffect(model) {
        model.look()
        onPauseOrDispose { }
    }
    val text = diagnostics
    BackHandler(text != null, model::closeDiagnostics)
    if (text != null) {
        DiagnosticsScreen(
            text,
            onShare = { state.scope.launch { share(context, text) } },
            onBack = model::closeDiagnostics,
        )
        return
    }
    val checks = state.phone.checks(context)
    val actions = TroubleActions(
        onBack = navigator::back,
        onRemedy = { remedy ->
            val missing = when (remedy) {
                Remedy.ASK_PERMISSIONS -> checks.facts().missingPermissions
                Remedy.ASK_NOTIFICATION -> checks.facts().missingNotification
                else -> emptyList()
            }
            if (missing.isEmpty()) {
                context.openSystemPage(SystemSettings.pages(context, remedy))
            } else {
                permissions.ask(missing)
            }
        },
        onCheckAgain = model::look,
        onCheckData = model::verify,
        onDiagnostics = model::diagnose,
        onSettings = { navigator.open(Place.SETTINGS) },
    )
    TroubleScreen(now, actions)
}

/** Lets the user choose an app that sends the file, or the text if the storage is full. */
private suspend fun share(context: Context, text: String) {
    val send = Intent(Intent.ACTION_SEND).setType("text/plain")
    try {
        val uri = FileProvider.getUriForFile(context, "${context.packageName}.files", diagnosticsFile(context, text))
        send.putExtra(Intent.EXTRA_STREAM, uri).addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        send.clipData = ClipData.newRawUri(null, uri) // the chooser shows a preview, and passes the permission on
    } catch (_: IOException) {
        send.putExtra(Intent.EXTRA_TEXT, text)
    }
    val chooser = Intent.createChooser(send, context.getString(R.string.trouble_share))
    withContext(Dispatchers.Main) { context.startActivity(chooser.addFlags(Intent.FLAG_ACTIVITY_NEW_TASK)) }
}

private suspend fun diagnosticsFile(context: Context, text: String): File = withContext(Dispatchers.IO) {
    val folder = File(context.cacheDir, "diagnostics").apply { mkdirs() }
    File(folder, "fieldcast-diagnostics.txt").apply { writeText(text) }
}
