package org.fieldcast.app.support

import java.awt.image.BufferedImage
import java.awt.image.IndexColorModel

private const val BITS = 5

/** The same picture with its 32 most frequent colours, which makes the file much smaller. */
fun BufferedImage.withFewColors(): BufferedImage {
    val pixels = getRGB(0, 0, width, height, null, 0, width)
    val palette = palette(pixels)
    val nearest = HashMap<Int, Byte>()
    val indexes = ByteArray(pixels.size) { at ->
        nearest.getOrPut(pixels[at]) { palette.indices.minBy { distance(palette[it], pixels[at]) }.toByte() }
    }
    fun channel(shift: Int) = ByteArray(palette.size) { (palette[it] shr shift).toByte() }
    val model = IndexColorModel(BITS, palette.size, channel(16), channel(8), channel(0))
    val image = BufferedImage(width, height, BufferedImage.TYPE_BYTE_INDEXED, model)
    image.raster.setDataElements(0, 0, width, height, indexes)
    return image
}

/** Similar shades count as one, because the edges of letters have many. A flat area keeps its exact colour. */
private fun palette(pixels: IntArray): List<Int> {
    val exact = HashMap<Int, Int>()
    pixels.forEach { exact.merge(it, 1, Int::plus) }
    val groups = exact.entries.groupBy { it.key and 0xf0f0f0 }.values.sortedByDescending { group -> group.sumOf { it.value } }
    return groups.take(1 shl BITS).map { group -> group.maxBy { it.value }.key }
}

private fun distance(a: Int, b: Int): Int = listOf(16, 8, 0).sumOf { shift ->
    val difference = (a shr shift and 255) - (b shr shift and 255)
    difference * difference
}
