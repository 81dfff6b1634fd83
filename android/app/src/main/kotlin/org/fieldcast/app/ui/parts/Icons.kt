package org.fieldcast.app.ui.parts

import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.SolidColor
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.StrokeJoin
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.graphics.vector.addPathNodes
import androidx.compose.ui.unit.dp

/** The icons of the app: lines of 2 on a field of 24 by 24. Material's icon library would add over 1 MB before R8. */
object Icons {
    val Back = lines("M20,12H5 M11,5L4,12L11,19", isMirrored = true)
    val Forward = lines("M9,5L16,12L9,19", isMirrored = true)
    val Close = lines("M5,5L19,19 M19,5L5,19")
    val Search = lines("M10.5,4A6.5,6.5 0,1 0,10.5 17A6.5,6.5 0,1 0,10.5 4 M15.5,15.5L20,20")
    val Download = lines("M12,4V15 M7,10L12,15L17,10 M4,20H20")
    val Send = lines("M12,20V5 M6,11L12,5L18,11")
    val Receive = lines("M12,4V19 M6,13L12,19L18,13")
    val Villages = lines("M3,11L9,6L15,11 M5,10V19H13V10 M13,9L16,6.5L21,11 M19,10V19H13")
    val Phone = lines("M8,3H16A1,1 0,0 1,17 4V20A1,1 0,0 1,16 21H8A1,1 0,0 1,7 20V4A1,1 0,0 1,8 3 M11,18H13")
    val Phones = lines("M4,6H11V18H4Z M13,8H20V20H13Z M7,15.5H8 M16,17.5H17")
    val QrCode = lines("M4,4H10V10H4Z M14,4H20V10H14Z M4,14H10V20H4Z M14,14V17 M17,14H20 M20,17V20H17 M14,20V20.1")
    val Done = lines("M5,12.5L10,17.5L19,7")
    val Warning = lines("M12,4L21.5,20H2.5Z M12,10V14 M12,17V17.1")
    val Info = lines("M12,3A9,9 0,1 0,12 21A9,9 0,1 0,12 3 M12,11V16.5 M12,7.5V7.6")
    val Trust = lines("M12,3L19,6V11C19,16 16,19.5 12,21C8,19.5 5,16 5,11V6Z M9,11.5L11.5,14L15.5,9.5")
    val History = lines("M4,12A8,8 0,1 0,6.5 6.2 M4,4V8H8 M12,8V12.5L15,14.5")
    val Settings = lines("M4,7H12 M16,7H20 M14,5V9 M4,17H8 M12,17H20 M10,15V19")
    val Person = lines("M12,4A4,4 0,1 0,12 12A4,4 0,1 0,12 4 M4,20C5,16 8,15 12,15C16,15 19,16 20,20")
    val Help = lines("M12,3A9,9 0,1 0,12 21A9,9 0,1 0,12 3 M9.5,9.5C9.5,6.5 14.5,6.5 14.5,9.5C14.5,11.5 12,11.5 12,13.5 M12,16.5V16.6")
    val Wifi = lines("M3,9C8,4.5 16,4.5 21,9 M6.5,12.5C9.5,9.8 14.5,9.8 17.5,12.5 M10,16C11.2,15 12.8,15 14,16 M12,19V19.1")
    val Share = lines("M7,12L17,6 M7,12L17,18 M6,10A2,2 0,1 0,6 14A2,2 0,1 0,6 10 M18,4A2,2 0,1 0,18 8A2,2 0,1 0,18 4 M18,16A2,2 0,1 0,18 20A2,2 0,1 0,18 16")

    private fun lines(path: String, isMirrored: Boolean = false): ImageVector =
        ImageVector.Builder("icon", 24.dp, 24.dp, 24f, 24f, autoMirror = isMirrored)
            .addPath(
                addPathNodes(path),
                stroke = SolidColor(Color.Black), // replaced by the tint
                strokeLineWidth = 2f,
                strokeLineCap = StrokeCap.Round,
                strokeLineJoin = StrokeJoin.Round,
            )
            .build()
}
