#pragma once
// gzip, piece by piece, with a limit on what comes out: a body of ten kilobytes may be the door to
// ten gigabytes.

#include "sync/core/error.hpp"

#include <zlib.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace cloudpcd::graph {

class GzipInflater {
public:
    GzipInflater();
    ~GzipInflater();
    GzipInflater(const GzipInflater&) = delete;  // zlib's state points back to the stream
    GzipInflater& operator=(const GzipInflater&) = delete;

    /// Appends what `input` inflates to.
    ///
    /// Errors: Errc::malformed once `output` would pass `output_bytes_max`, nothing is inflated
    ///         beyond it; Errc::transient for corrupt data, a wrong check sum or length included
    Result<void> write(std::string_view input, std::string& output, std::size_t output_bytes_max);

    /// True between members: the data so far is a whole gzip file, check sum verified. RFC 1952
    /// allows several members in a row.
    bool complete() const noexcept { return x_complete; }

private:
    z_stream x_stream{};
    bool x_complete = false;
};

}  // namespace cloudpcd::graph
