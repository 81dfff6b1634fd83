package org.fieldcast.app.support

import java.awt.RenderingHints
import java.awt.image.BufferedImage
import java.io.File
import javax.imageio.ImageIO
import kotlin.math.abs
import org.fieldcast.app.pictures.Look
import org.fieldcast.app.pictures.manualPictures

/**
 * The stored pictures of one look, in docs/pictures: a sheet with small ones of all screens, and a file for each one that
 * the manuals show.
 */
class PictureStore(private val look: Look) {
    /** What differs from the stored pictures for the eye, in words. Keeps the drawn ones in `target`. */
    fun differences(drawn: Map<String, BufferedImage>): List<String> {
        drawn.forEach { (name, picture) -> write(picture, File(DRAWN, "${look.name}/$name.png")) }
        val forManuals = drawn.filterKeys { look.isPlain && it in manualPictures }
        return compare(look.name, drawn, sheet(drawn.values.toList())) +
            forManuals.flatMap { (name, picture) -> compare("${look.name}/$name", mapOf(name to picture), picture) }
    }

    private fun compare(file: String, pictures: Map<String, BufferedImage>, whole: BufferedImage): List<String> {
        val few = whole.withFewColors()
        val stored = File(STORED, "$file.png")
        if (IS_WRITING) {
            write(few, stored)
            return emptyList()
        }
        if (!stored.exists()) return listOf("$file: no stored picture")
        val before = ImageIO.read(stored)
        if (before.width != few.width || before.height != few.height) return listOf("$file: other size")
        return pictures.keys.withIndex().mapNotNull { (at, name) ->
            val (then, now) = listOf(before, few).map { if (pictures.size == 1) it else it.cell(at) }
            val changed = then.blocks().zip(now.blocks()) { a, b -> abs(a - b) }.count { it > BLOCK_TOLERANCE }
            if (changed > CHANGED_BLOCKS) "${look.name}/$name: $changed of ${COLUMNS * ROWS} parts look different" else null
        }
    }

    private companion object {
        val STORED = folder("fieldcast.pictures")
        val DRAWN = folder("fieldcast.screens")
        val IS_WRITING = System.getProperty("fieldcast.screens.write") == "true"

        /** Difference of a block's mean brightness, of 255. Glyphs of another version of a font stay below it. */
        const val BLOCK_TOLERANCE = 24

        /** Blocks that may differ, such as a line of text that wraps elsewhere. */
        const val CHANGED_BLOCKS = 6
        const val COLUMNS = 18
        const val ROWS = 32

        const val SHEET_COLUMNS = 10
        const val SMALL_WIDTH = 108
        const val SMALL_HEIGHT = 192

        fun folder(property: String) = File(checkNotNull(System.getProperty(property)) { "-D$property is not set" })

        fun write(image: BufferedImage, file: File) {
            file.parentFile.mkdirs()
            ImageIO.write(image, "png", file)
        }

        /** All pictures in one, small and in rows. */
        fun sheet(pictures: List<BufferedImage>): BufferedImage {
            val rows = (pictures.size + SHEET_COLUMNS - 1) / SHEET_COLUMNS
            val sheet = BufferedImage(SHEET_COLUMNS * SMALL_WIDTH, rows * SMALL_HEIGHT, BufferedImage.TYPE_INT_RGB)
            val graphics = sheet.createGraphics()
            graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC)
            pictures.forEachIndexed { at, picture ->
                val (x, y) = at % SHEET_COLUMNS * SMALL_WIDTH to at / SHEET_COLUMNS * SMALL_HEIGHT
                graphics.drawImage(picture, x, y, SMALL_WIDTH - 1, SMALL_HEIGHT - 1, null)
            }
            graphics.dispose()
            return sheet
        }

        fun BufferedImage.cell(at: Int): BufferedImage =
            getSubimage(at % SHEET_COLUMNS * SMALL_WIDTH, at / SHEET_COLUMNS * SMALL_HEIGHT, SMALL_WIDTH, SMALL_HEIGHT)

        /** Mean brightness of each block. */
        fun BufferedImage.blocks(): List<Int> = List(COLUMNS * ROWS) { at ->
            val (row, column) = at / COLUMNS to at % COLUMNS
            val (left, right) = column * width / COLUMNS to (column + 1) * width / COLUMNS
            val (top, bottom) = row * height / ROWS to (row + 1) * height / ROWS
            var sum = 0L
            for (y in top until bottom) for (x in left until right) sum += brightness(getRGB(x, y))
            (sum / ((right - left) * (bottom - top))).toInt()
        }

        fun brightness(rgb: Int) = ((rgb shr 16 and 255) * 3 + (rgb shr 8 and 255) * 6 + (rgb and 255)) / 10
    }
}
