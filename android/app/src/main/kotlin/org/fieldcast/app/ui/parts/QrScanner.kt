package org.fieldcast.app.ui.parts

import android.Manifest
import android.content.Context
import android.content.pm.PackageManager
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.rememberUpdatedState
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clipToBounds
import androidx.compose.ui.platform.LocalClipboard
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.compose.ui.viewinterop.AndroidView
import androidx.lifecycle.compose.LifecycleResumeEffect
import com.google.zxing.BarcodeFormat
import com.journeyapps.barcodescanner.BarcodeView
import com.journeyapps.barcodescanner.DefaultDecoderFactory
import kotlinx.coroutines.launch
import org.fieldcast.app.R

/** Reads a QR code by the camera, or as typed text. Asks for the camera itself. Scroll its parent. */
@Composable
fun QrScanner(onScanned: (String) -> Unit, modifier: Modifier = Modifier) {
    val context = LocalContext.current
    val hasCamera = remember { context.packageManager.hasSystemFeature(PackageManager.FEATURE_CAMERA_ANY) }
    var isAllowed by remember { mutableStateOf(context.mayUseCamera()) }
    val request = rememberPermissionRequest { isAllowed = context.mayUseCamera() }
    val camera = listOf(Manifest.permission.CAMERA)
    var isTyping by rememberSaveable { mutableStateOf(!hasCamera) }
    Column(modifier, Arrangement.spacedBy(16.dp)) {
        if (hasCamera && isAllowed) {
            Text(stringResource(R.string.scanner_point))
            Camera(onScanned)
        } else if (hasCamera) {
            CameraNeeded(request.isRefused(camera)) { request.ask(camera) }
        }
        if (isTyping) {
            TypedCode(onScanned)
        } else {
            QuietButton(stringResource(R.string.scanner_type), { isTyping = true })
        }
    }
}

/** Explains the permission before the system asks. */
@Composable
internal fun CameraNeeded(isRefused: Boolean, onAllow: () -> Unit) {
    Text(stringResource(if (isRefused) R.string.scanner_refused else R.string.scanner_explained))
    if (isRefused) {
        MainButton(stringResource(R.string.permission_settings), rememberAppSettings())
    } else {
        MainButton(stringResource(R.string.permission_allow), onAllow)
    }
}

@Composable
private fun ColumnScope.Camera(onScanned: (String) -> Unit) {
    val context = LocalContext.current
    val report by rememberUpdatedState(onScanned)
    val view = remember {
        var last: String? = null
        BarcodeView(context).apply {
            decoderFactory = DefaultDecoderFactory(listOf(BarcodeFormat.QR_CODE))
            keepScreenOn = true
            decodeContinuous { result ->
                // The camera reads a code many times a second.
                if (result.text != last) report(result.text)
                last = result.text
            }
        }
    }
    LifecycleResumeEffect(view) {
        view.resume()
        onPauseOrDispose { view.pause() }
    }
    val description = stringResource(R.string.scanner_camera)
    AndroidView(
        { view },
        Modifier.align(Alignment.CenterHorizontally).square().clipToBounds().semantics { contentDescription = description },
    )
}

@Composable
internal fun TypedCode(onScanned: (String) -> Unit) {
    val clipboard = LocalClipboard.current
    val scope = rememberCoroutineScope()
    // Not saved: a code can hold a passphrase.
    var typed by remember { mutableStateOf("") }
    val label = stringResource(R.string.scanner_text)
    OutlinedTextField(typed, { typed = it }, Modifier.fillMaxWidth(), label = { Text(label) })
    ButtonRow {
        MainButton(stringResource(R.string.scanner_use), { onScanned(typed.trim()) }, isEnabled = typed.isNotBlank())
        OtherButton(
            stringResource(R.string.scanner_paste),
            { scope.launch { clipboard.getClipEntry()?.clipData?.getItemAt(0)?.text?.let { typed = it.toString() } } },
        )
    }
}

private fun Context.mayUseCamera() =
    checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED
