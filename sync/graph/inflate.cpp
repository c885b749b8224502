#include "sync/graph/inflate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>

namespace cloudpcd::graph {

namespace {

constexpr int gzip_only = 15 + 16;  // largest window, gzip framing (zlib.h, inflateInit2)
constexpr std::size_t step_bytes = 64UL * 1024;

/// Makes room behind `output` for one step, at most up to `bytes_max`; gives the room.
std::size_t grow(std::string& output, std::size_t bytes_max)
{
    const std::size_t used = output.size();
    if (output.capacity() - used < step_bytes / 4)
        output.reserve(std::min(bytes_max, std::max(2 * output.capacity(), used + step_bytes)));
    const std::size_t room = std::min({output.capacity() - used, step_bytes, bytes_max - used});
    output.resize(used + room);
    return room;
}

}  // namespace

GzipInflater::GzipInflater()
{
    if (inflateInit2(&x_stream, gzip_only) != Z_OK)
        throw std::bad_alloc{};
}

GzipInflater::~GzipInflater()
{
    inflateEnd(&x_stream);
}

Result<void> GzipInflater::write(std::string_view input, std::string& output,
                                 std::size_t output_bytes_max)
{
    CLOUDPCD_ASSERT(output.size() <= output_bytes_max);
    // zlib does not write through next_in; the interface predates const.
    x_stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    x_stream.avail_in = static_cast<uInt>(input.size());
    bool more = false;  // output was full: zlib may hold more even without input
    while (x_stream.avail_in > 0 || more) {
        if (x_complete) {
            inflateReset(&x_stream);  // keeps next_in and avail_in
            x_complete = false;
        }
        const std::size_t used = output.size();
        // One byte more than allowed, so that "full" and "too large" can be told apart.
        const std::size_t room = grow(output, output_bytes_max + 1);
        x_stream.next_out = reinterpret_cast<Bytef*>(output.data() + used);
        x_stream.avail_out = static_cast<uInt>(room);
        const int status = inflate(&x_stream, Z_NO_FLUSH);
        more = x_stream.avail_out == 0 && status == Z_OK;
        output.resize(used + room - x_stream.avail_out);
        if (output.size() > output_bytes_max)
            return Error{
                .code = Errc::malformed,
                .message = fmt::format("body inflates to more than {} bytes", output_bytes_max)};
        if (status == Z_STREAM_END)
            x_complete = true;
        else if (status == Z_MEM_ERROR)
            throw std::bad_alloc{};
        else if (status != Z_OK && status != Z_BUF_ERROR)  // Z_BUF_ERROR: wants more input
            return Error{
                .code = Errc::transient,
                .message = fmt::format("gzip body is corrupt: {}",
                                       x_stream.msg != nullptr ? x_stream.msg : "no detail")};
    }
    return {};
}

}  // namespace cloudpcd::graph
