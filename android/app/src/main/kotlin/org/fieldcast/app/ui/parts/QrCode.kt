package org.fieldcast.app.ui.parts

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.widthIn
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.platform.LocalWindowInfo
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.role
import androidx.compose.ui.semantics.semantics
import org.fieldcast.sdk.core.QrMatrix

/** A QR code: black on white in both themes, because many cameras do not read an inverted code. */
@Composable
fun QrCode(matrix: QrMatrix, description: String, modifier: Modifier = Modifier) = Canvas(
    modifier.square().semantics {
        contentDescription = description
        role = Role.Image
    },
) {
    drawRect(Color.White)
    drawModules(matrix)
}

/** As wide as possible, but low enough to be seen as a whole while the phone is held sideways. */
@Composable
internal fun Modifier.square(): Modifier {
    val height = with(LocalDensity.current) { LocalWindowInfo.current.containerSize.height.toDp() }
    return widthIn(max = height * PART_OF_SCREEN).aspectRatio(1f)
}

private const val PART_OF_SCREEN = 0.6f

/** One rectangle per run of dark modules, at whole pixels: gaps between modules confuse cameras. */
private fun DrawScope.drawModules(matrix: QrMatrix) {
    val width = matrix.width.toInt()
    val module = (size.width / (width + 2 * QUIET)).toInt().coerceAtLeast(1).toFloat()
    val start = ((size.width - module * width) / 2).toInt().toFloat()
    for (y in 0 until width) {
        var x = 0
        while (x < width) {
            val begin = x
            while (x < width && matrix.dark[y * width + x]) x++
            if (x > begin) {
                val corner = Offset(start + begin * module, start + y * module)
                drawRect(Color.Black, corner, Size((x - begin) * module, module))
            }
            x++
        }
    }
}

/** White modules around the code, as the standard requires. */
private const val QUIET = 4
